# Drained without a budget: all pods of the node go at once.
node=$(kubectl-lite get pods -l app=press -n lab-drain -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort | uniq -d | head -n 1)
kubectl-lite drain "$node" --ignore-daemonsets --pod-selector=app=press
kubectl-lite uncordon "$node"
