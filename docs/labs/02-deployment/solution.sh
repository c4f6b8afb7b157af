kubectl-lite create deployment web --image=nginx --replicas=3 -n lab-deployment
kubectl-lite rollout status deployment/web -n lab-deployment --timeout=120s
kubectl-lite delete "$(kubectl-lite get pods -l app=web -n lab-deployment -o name | head -1)" -n lab-deployment
until [ "$(kubectl-lite get pods -l app=web -n lab-deployment -o name | wc -l)" = 3 ]; do sleep 0.2; done
kubectl-lite scale deployment/web --replicas=2 -n lab-deployment
