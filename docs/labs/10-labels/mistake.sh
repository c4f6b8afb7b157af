# Out of service it is, but there is nothing left to look at.
kubectl-lite delete "$(kubectl-lite get pods -l app=till -n lab-labels -o name | head -1)" -n lab-labels
