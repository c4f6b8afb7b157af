kubectl-lite set selector service/shop app=web-shop -n lab-selector-mismatch
kubectl-lite patch service shop -n lab-selector-mismatch -p '{"spec":{"ports":[{"port":80,"targetPort":"http"}]}}'
