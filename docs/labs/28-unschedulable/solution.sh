kubectl-lite set resources deployment/calculator --requests=cpu=200m,memory=128Mi -n lab-unschedulable
kubectl-lite rollout status deployment/calculator -n lab-unschedulable --timeout=120s
