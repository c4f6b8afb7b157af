kubectl-lite create serviceaccount gardener -n lab-service-account
kubectl-lite create role pod-reader --verb=get,list,watch --resource=pods -n lab-service-account
kubectl-lite create rolebinding gardener --role=pod-reader --serviceaccount=lab-service-account:gardener -n lab-service-account
kubectl-lite set serviceaccount deployment/garden gardener -n lab-service-account
kubectl-lite rollout status deployment/garden -n lab-service-account --timeout=120s
