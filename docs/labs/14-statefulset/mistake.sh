# Tidying up after scaling down.
kubectl-lite scale statefulset/ledger --replicas=1 -n lab-statefulset
kubectl-lite wait --for=delete pod/ledger-1 -n lab-statefulset --timeout=120s
kubectl-lite delete persistentvolumeclaim book-ledger-1 -n lab-statefulset
