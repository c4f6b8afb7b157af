# Nothing is deleted: scaling alone does not show who minds.
kubectl-lite create deployment web --image=nginx --replicas=3 -n lab-deployment
kubectl-lite rollout status deployment/web -n lab-deployment --timeout=120s
kubectl-lite scale deployment/web --replicas=2 -n lab-deployment
