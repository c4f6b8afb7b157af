# One door is right now.
kubectl-lite patch service site -n lab-wrong-port -p '{"spec":{"ports":[{"port":80,"targetPort":"http"}]}}'
