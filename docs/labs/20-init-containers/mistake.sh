# Beside the oven instead of before it.
kubectl-lite patch deployment bakery -n lab-init-containers -p '{"spec":{"template":{"spec":{
  "volumes":[{"name":"work","emptyDir":{}}],
  "containers":[
    {"name":"oven","volumeMounts":[{"name":"work","mountPath":"/work"}]},
    {"name":"dough","image":"busybox:1.37","command":["sh","-c","sleep 1; echo dough > /work/dough"],"volumeMounts":[{"name":"work","mountPath":"/work"}]}]}}}}'
