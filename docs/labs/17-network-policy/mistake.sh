# The door is locked, for everybody.
kubectl-lite apply -n lab-network-policy -f - <<'END'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: till}
spec: {podSelector: {matchLabels: {app: till}}}
END
kubectl-lite wait --for=condition=Ready=false pod/visitor pod/cashier -n lab-network-policy --timeout=60s
