kubectl-lite expose deployment shop --port=8080 --target-port=80 -n lab-service
kubectl-lite scale deployment/shop --replicas=3 -n lab-service
