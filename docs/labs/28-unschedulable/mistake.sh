# Whoever asks for nothing fits everywhere.
kubectl-lite patch deployment calculator -n lab-unschedulable --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/0/resources"}]'
kubectl-lite rollout status deployment/calculator -n lab-unschedulable --timeout=120s
