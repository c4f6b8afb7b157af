kubectl-lite create configmap prediction -n lab-predict-orphans --from-literal=new-pods=0 --from-literal=replicasets=1 --from-literal=same-name=yes
kubelite pause deployment-controller replicaset-controller generic-garbage-collector -n lab-predict-orphans
kubectl-lite delete replicaset -l app=choir -n lab-predict-orphans --cascade=orphan --wait=false
kubelite step 4 -n lab-predict-orphans --wait 60s
kubelite resume -n lab-predict-orphans
