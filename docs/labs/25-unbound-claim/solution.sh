kubectl-lite delete persistentvolumeclaim archive -n lab-unbound-claim
kubectl-lite apply -n lab-unbound-claim -f - <<'END'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: archive}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 10Mi}}
END
kubectl-lite rollout status deployment/library -n lab-unbound-claim --timeout=120s
