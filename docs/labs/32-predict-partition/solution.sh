kubectl-lite create configmap prediction -n lab-predict-partition --from-literal=order=desk-2,desk-1 --from-literal=missing=1
kubelite pause statefulset-controller pods -n lab-predict-partition
kubectl-lite set image statefulset/desk clerk=nginx:1.29 -n lab-predict-partition
kubelite step 4 -n lab-predict-partition --wait 60s
kubelite resume -n lab-predict-partition
