# It is still a pod of the same ReplicaSet, so there are still three?
kubectl-lite create configmap prediction -n lab-predict-quarantine --from-literal=pods=3 --from-literal=addresses=2 --from-literal=owner=ReplicaSet
pod=$(kubectl-lite get pods -l app=tills -n lab-predict-quarantine -o jsonpath='{.items[0].metadata.name}')
kubectl-lite label pod "$pod" app=suspect --overwrite -n lab-predict-quarantine
until [ "$(kubectl-lite get pods -l app=tills -n lab-predict-quarantine -o name | wc -l)" = 3 ]; do sleep 0.2; done
