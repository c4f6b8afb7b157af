kubectl-lite patch configmap settings -n lab-missing-key -p '{"data":{"dish":"soup"}}'
kubectl-lite create secret generic cook --from-literal=password=garlic -n lab-missing-key
kubectl-lite wait --for=condition=Ready pod/menu -n lab-missing-key --timeout=120s
