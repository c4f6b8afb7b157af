# Whoever does not ask gets no bad answers.
kubectl-lite patch deployment oven -n lab-probe-too-strict --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/0/livenessProbe"}]'
