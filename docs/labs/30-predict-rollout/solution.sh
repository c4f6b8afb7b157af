kubectl-lite create configmap prediction -n lab-predict-rollout --from-literal=first=1 --from-literal=most=4 --from-literal=ready=3
kubelite pause deployment-controller replicasets -n lab-predict-rollout
kubectl-lite set image deployment/mill mill=nginx:1.29 -n lab-predict-rollout
kubelite step -n lab-predict-rollout --wait 60s
kubelite step -n lab-predict-rollout --wait 60s
kubelite resume -n lab-predict-rollout
kubectl-lite rollout status deployment/mill -n lab-predict-rollout --timeout=120s
