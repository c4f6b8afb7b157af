kubectl-lite create poddisruptionbudget press --selector=app=press --min-available=3 -n lab-drain
until [ "$(kubectl-lite get poddisruptionbudget press -n lab-drain -o jsonpath='{.status.disruptionsAllowed}')" = 1 ]; do sleep 0.2; done
node=$(kubectl-lite get pods -l app=press -n lab-drain -o jsonpath='{.items[0].spec.nodeName}')
kubectl-lite drain "$node" --ignore-daemonsets --pod-selector=app=press
kubectl-lite rollout status deployment/press -n lab-drain --timeout=120s
kubectl-lite uncordon "$node"
