# Our own kubelet on the simulated runtime, run as your program is: with the same identity.
exec kubelite kubelet --kubeconfig "$KUBECONFIG" --node-name by-hand --runtime simulated --port 0 --root-dir "$LAB_DIR/node" \
  --tls-cert-file "$LAB_CERT" --tls-private-key-file "$LAB_KEY" --client-ca-file "$LAB_CA"
