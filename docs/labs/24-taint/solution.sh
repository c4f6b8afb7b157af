kubectl-lite patch deployment bread -n lab-taint -p '{"spec":{"template":{"spec":{"tolerations":[{"key":"lab-taint/baking","operator":"Exists","effect":"NoSchedule"}]}}}}'
kubectl-lite rollout status deployment/bread -n lab-taint --timeout=120s
