kubectl-lite scale statefulset/ledger --replicas=3 -n lab-statefulset
kubectl-lite rollout status statefulset/ledger -n lab-statefulset --timeout=120s
kubectl-lite delete pod ledger-1 -n lab-statefulset
until kubectl-lite wait --for=condition=Ready pod/ledger-1 -n lab-statefulset --timeout=120s; do sleep 0.2; done
kubectl-lite scale statefulset/ledger --replicas=1 -n lab-statefulset
