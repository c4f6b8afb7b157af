kubectl-lite run hello --image=nginx --labels=team=blue -n lab-first-pod
kubectl-lite wait --for=condition=Ready pod/hello -n lab-first-pod --timeout=120s
