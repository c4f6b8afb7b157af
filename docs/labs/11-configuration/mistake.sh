# The ConfigMap is changed, but nobody looks at it again.
kubectl-lite create configmap sign --from-literal=TEXT=Welcome -n lab-configuration
kubectl-lite create secret generic door --from-literal=CODE=4711 -n lab-configuration
kubectl-lite set env deployment/sign --from=configmap/sign -n lab-configuration
kubectl-lite set env deployment/sign --from=secret/door -n lab-configuration
kubectl-lite rollout status deployment/sign -n lab-configuration --timeout=120s
sleep 2 # a person takes longer, and times in objects are in seconds
kubectl-lite patch configmap sign -n lab-configuration -p '{"data":{"TEXT":"Closed"}}'
