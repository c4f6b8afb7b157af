kubectl-lite patch deployment bakery -n lab-init-containers -p '{"spec":{"template":{"spec":{
  "volumes":[{"name":"work","emptyDir":{}}],
  "initContainers":[
    {"name":"dough","image":"busybox:1.37","command":["sh","-c","sleep 1; echo dough > /work/dough"],"volumeMounts":[{"name":"work","mountPath":"/work"}]},
    {"name":"radio","image":"busybox:1.37","restartPolicy":"Always","command":["sh","-c","while true; do echo la la; sleep 5; done"]}],
  "containers":[{"name":"oven","volumeMounts":[{"name":"work","mountPath":"/work"}]}]}}}}'
kubectl-lite rollout status deployment/bakery -n lab-init-containers --timeout=120s
