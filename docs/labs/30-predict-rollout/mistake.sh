# A new version of three pods: three new ones, then the three old ones go?
kubectl-lite create configmap prediction -n lab-predict-rollout --from-literal=first=3 --from-literal=most=6 --from-literal=ready=3
kubectl-lite set image deployment/mill mill=nginx:1.29 -n lab-predict-rollout
kubectl-lite rollout status deployment/mill -n lab-predict-rollout --timeout=120s
