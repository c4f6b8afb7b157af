# Without --target-port the Service leads to port 8080 of the pods, where nobody listens.
kubectl-lite expose deployment shop --port=8080 -n lab-service
kubectl-lite scale deployment/shop --replicas=3 -n lab-service
kubectl-lite rollout status deployment/shop -n lab-service --timeout=120s
