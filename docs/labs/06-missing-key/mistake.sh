# The pod is made anew, though it could have waited.
kubectl-lite patch configmap settings -n lab-missing-key -p '{"data":{"dish":"soup"}}'
kubectl-lite create secret generic cook --from-literal=password=garlic -n lab-missing-key
kubectl-lite delete pod menu -n lab-missing-key
kubectl-lite run menu --image=busybox -n lab-missing-key -- sleep 1000000
