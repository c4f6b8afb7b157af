# The large key.
kubectl-lite create rolebinding janitor-admin --clusterrole=admin --serviceaccount=lab-rbac-denial:janitor -n lab-rbac-denial
