kubectl-lite apply -n lab-network-policy -f - <<'END'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: till}
spec:
  podSelector: {matchLabels: {app: till}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: cashier}}}]
      ports: [{port: 80}]
END
kubectl-lite wait --for=condition=Ready=false pod/visitor -n lab-network-policy --timeout=60s
