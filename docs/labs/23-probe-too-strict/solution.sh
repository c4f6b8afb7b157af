kubectl-lite patch deployment oven -n lab-probe-too-strict -p '{"spec":{"template":{"spec":{"containers":[{"name":"oven",
  "startupProbe":{"exec":{"command":["cat","/tmp/hot"]},"periodSeconds":2,"timeoutSeconds":10,"failureThreshold":15}}]}}}}'
kubectl-lite rollout status deployment/oven -n lab-probe-too-strict --timeout=120s
