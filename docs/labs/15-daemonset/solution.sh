kubectl-lite create deployment watchman --image=busybox:1.37 -n lab-daemonset --dry-run=client -o yaml -- sleep 1000000 |
  sed -e 's/kind: Deployment/kind: DaemonSet/' -e '/replicas:/d' -e '/strategy:/d' -e '/status:/d' | kubectl-lite apply -n lab-daemonset -f -
kubectl-lite rollout status daemonset/watchman -n lab-daemonset --timeout=120s
kubectl-lite patch daemonset watchman -n lab-daemonset -p '{"spec":{"template":{"spec":{"nodeSelector":{"lab-daemonset/tower":"yes"}}}}}'
kubectl-lite label "$(kubectl-lite get nodes -o name | head -1)" lab-daemonset/tower=yes
