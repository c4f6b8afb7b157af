kubectl-lite set env deployment/shop DB_HOST=db.lab-dns-name-data -n lab-dns-name
kubectl-lite rollout status deployment/shop -n lab-dns-name --timeout=120s
