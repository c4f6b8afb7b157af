# It works for the garden, and for every other pod as well.
kubectl-lite create role pod-reader --verb=get,list,watch --resource=pods -n lab-service-account
kubectl-lite create rolebinding garden --role=pod-reader --serviceaccount=lab-service-account:default -n lab-service-account
