# The first answer that one finds: away with the finalizer.
kubectl-lite patch configmap recipes -n lab-stuck-deletion --type=merge -p '{"metadata":{"finalizers":null}}'
