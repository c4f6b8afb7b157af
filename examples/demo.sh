#!/usr/bin/env bash
# The main job in a minute: a cluster, a Deployment, its containers, and why each of them is there.
# Leaves the cluster running. Works without a Docker daemon too, on simulated pods.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
run() { say "$*"; "$@"; }

if docker info >/dev/null 2>&1; then
  examples/images.sh
fi
run bin/kubelite start --nodes 2

KUBECONFIG=$(bin/kubelite status -o json | sed -n 's/.*"kubeconfig": "\(.*\)".*/\1/p')
export KUBECONFIG PATH="$PWD/bin:$PATH"

run kubectl-lite apply -f examples/web.yaml
run kubectl-lite rollout status deployment/web --timeout=120s
run kubectl-lite get deployments,replicasets,pods -o wide

pod=$(kubectl-lite get pods -l app=web -o name | sed -n 1p) # which, unlike head, reads to the end: nobody writes to a closed pipe
run kubectl-lite logs "$pod"
run kubectl-lite why "$pod"

cat <<EOF

The cluster is running. What to try next:

  export KUBECONFIG=$KUBECONFIG PATH=\$PWD/bin:\$PATH     # kubectl works with it too
  kubectl-lite get pods -w                                  # and in another terminal:
  kubectl-lite delete $pod                  # the ReplicaSet makes a new one
  kubectl-lite set image deployment/web hello=kubelite-hello:v2 && kubectl-lite rollout status deployment/web
  kubectl-lite trace deployment/web                         # all that came of it, with times
  kubelite status
  kubelite delete                                           # leaves nothing behind
EOF
