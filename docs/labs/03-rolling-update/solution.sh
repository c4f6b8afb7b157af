kubectl-lite patch deployment shop -n lab-rolling-update -p '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'
kubectl-lite set image deployment/shop shop=nginx:1.29 -n lab-rolling-update
kubectl-lite rollout status deployment/shop -n lab-rolling-update --timeout=120s
kubectl-lite rollout undo deployment/shop -n lab-rolling-update
kubectl-lite rollout status deployment/shop -n lab-rolling-update --timeout=120s
