kubectl-lite label "$(kubectl-lite get pods -l app=till -n lab-labels -o name | head -1)" app=till-sick --overwrite -n lab-labels
kubectl-lite rollout status deployment/till -n lab-labels --timeout=120s
