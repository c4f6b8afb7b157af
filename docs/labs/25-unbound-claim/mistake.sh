# It runs, and forgets.
kubectl-lite patch deployment library -n lab-unbound-claim --type=json -p '[{"op":"replace","path":"/spec/template/spec/volumes/0","value":{"name":"books","emptyDir":{}}}]'
kubectl-lite rollout status deployment/library -n lab-unbound-claim --timeout=120s
