# Scaled by hand: right for this hour.
kubectl-lite scale deployment/kitchen --replicas=4 -n lab-autoscaling
kubectl-lite rollout status deployment/kitchen -n lab-autoscaling --timeout=120s
