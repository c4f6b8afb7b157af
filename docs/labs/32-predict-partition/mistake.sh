# From the first to the last, and partition 1 means one of them?
kubectl-lite create configmap prediction -n lab-predict-partition --from-literal=order=desk-0 --from-literal=missing=1
kubectl-lite set image statefulset/desk clerk=nginx:1.29 -n lab-predict-partition
until [ "$(kubectl-lite get statefulset desk -n lab-predict-partition -o jsonpath='{.status.updatedReplicas}/{.status.readyReplicas}')" = 2/3 ]; do sleep 0.2; done
