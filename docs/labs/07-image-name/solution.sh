kubectl-lite set image deployment/site site=nginx:1.29 -n lab-image-name
kubectl-lite rollout status deployment/site -n lab-image-name --timeout=120s
