# Our own scheduler, run as your program is: with the same identity, and a Lease by which one of several copies works.
exec kubelite scheduler --kubeconfig "$KUBECONFIG" --leader-elect-resource-namespace "$LAB_NAMESPACE" --leader-elect-identity "copy-$LAB_COPY"
