kubectl-lite set resources deployment/press --requests=cpu=200m -n lab-quota-exceeded
kubectl-lite rollout status deployment/press -n lab-quota-exceeded --timeout=120s
