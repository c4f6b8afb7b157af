# Off and on again: it works, and the site is down meanwhile.
kubectl-lite scale deployment/site --replicas=0 -n lab-image-name
kubectl-lite wait --for=delete pod -l app=site -n lab-image-name --timeout=60s
kubectl-lite set image deployment/site site=nginx:1.29 -n lab-image-name
kubectl-lite scale deployment/site --replicas=2 -n lab-image-name
kubectl-lite rollout status deployment/site -n lab-image-name --timeout=120s
