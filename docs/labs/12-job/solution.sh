kubectl-lite create job mail --image=busybox:1.37 -n lab-job --dry-run=client -o yaml -- sh -c 'echo sent; sleep 2' |
  sed 's/^spec:/spec:\n  completions: 6\n  parallelism: 2/' | kubectl-lite apply -n lab-job -f -
kubectl-lite wait --for=condition=complete job/mail -n lab-job --timeout=120s
