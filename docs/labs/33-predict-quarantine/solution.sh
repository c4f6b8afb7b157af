kubectl-lite create configmap prediction -n lab-predict-quarantine --from-literal=pods=4 --from-literal=addresses=3 --from-literal=owner=nobody
kubelite pause replicaset-controller endpointslice-controller -n lab-predict-quarantine
pod=$(kubectl-lite get pods -l app=tills -n lab-predict-quarantine -o jsonpath='{.items[0].metadata.name}')
kubectl-lite label pod "$pod" app=suspect --overwrite -n lab-predict-quarantine
kubelite step 3 -n lab-predict-quarantine --wait 60s
kubelite resume -n lab-predict-quarantine
