# Our own loop, run as your program is: with the same identity and nothing but this loop, and a Lease by which one of several
# copies works.
exec kubelite controllers --kubeconfig "$KUBECONFIG" --controllers deployment-controller --use-service-account-credentials=false \
  --leader-elect-resource-namespace "$LAB_NAMESPACE" --leader-elect-identity "copy-$LAB_COPY"
