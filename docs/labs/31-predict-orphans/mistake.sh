# Without a ReplicaSet nobody counts the pods, so the Deployment starts two more?
kubectl-lite create configmap prediction -n lab-predict-orphans --from-literal=new-pods=2 --from-literal=replicasets=1 --from-literal=same-name=no
kubectl-lite delete replicaset -l app=choir -n lab-predict-orphans --cascade=orphan
kubectl-lite rollout status deployment/choir -n lab-predict-orphans --timeout=120s
