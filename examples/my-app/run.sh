#!/usr/bin/env bash
# Builds what is missing, applies the application to a cluster of its own, and follows requests through it. Each step says what it shows and
# fails if it does not hold. The cluster is deleted at the end; KEEP=1 leaves it.
set -euo pipefail
cd "$(dirname "$0")/../.."
export KUBELITE_HOME=${KUBELITE_HOME:-$HOME/.kubelite} PATH="$PWD/bin:$PATH"
profile=my-app
export KUBECONFIG="$KUBELITE_HOME/$profile/kubeconfig"
k() { kubectl-lite -n my-app "$@"; }

began=$SECONDS
step() { printf ' ✓ %-96s %4ds\n' "$*" $((SECONDS - began)); }
fail() {
  echo " ✗ $*" >&2
  k get pods,hpa -o wide >&2 || true
  k events | tail -15 >&2 || true
  exit 1
}
# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.5
  done
}
finish() {
  [ -z "${load:-}" ] || kill $load 2>/dev/null || true
  [ -n "${KEEP:-}" ] || kubelite delete --profile $profile
}
trap finish EXIT

examples/my-app/images.sh
kubelite start --profile $profile --runtime docker --nodes 2 --port 0 --no-merge --wait 120s
kubelite addons enable ingress --profile $profile
kubectl-lite -n ingress-nginx wait pod --all --for=condition=Ready --timeout=120s >/dev/null || fail "the ingress controller is not ready"

# The whole of it.
kubectl-lite apply -f examples/my-app >/dev/null
for workload in statefulset/postgres deployment/redis deployment/backend deployment/worker deployment/frontend deployment/queue-adapter; do
  k rollout status $workload --timeout=240s >/dev/null || fail "$workload is not ready"
done
step "everything runs: $(k get pods --no-headers | wc -l) pods"

# A page and an order, through the one door.
has_address() { [ -n "$(k get ingress my-app -o jsonpath='{.status.loadBalancer.ingress[0].ip}')" ]; }
wait_for 60 has_address || fail "the Ingress has no address"
door=$(k get ingress my-app -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
visit() { curl -sS --fail-with-body --max-time 20 -H 'Host: my-app.example.com' -H 'Content-Type: application/json' "http://$door$1" "${@:2}"; }
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }
order() { visit /api/orders -d "{\"item\": \"$1\"}" | field id; }
status_is() { [ "$(visit "/api/orders/$1" | field status)" = "$2" ]; }
number_of() { visit /api/orders | field "$1"; }

wait_for 30 visit / || fail "no page by the Ingress"
visit / | grep '<h1>The shop</h1>' >/dev/null || fail "this is not our page"
step "a page from the frontend, by the Ingress at $door"
wait_for 30 visit /api/alive || fail "no backend by the Ingress"
id=$(order tea)
[ -n "$id" ] || fail "the order was not taken"
step "order $id POSTed to /api, stored in PostgreSQL, queued in Redis"
wait_for 60 status_is "$id" done || fail "order $id is not done: $(visit "/api/orders/$id")"
step "processed by $(visit "/api/orders/$id" | field done_by), and read back"

# The policy.
reach='import socket,sys; s=socket.create_connection(("postgres.my-app",5432),3)'
k exec deployment/backend -- python3 -c "$reach" || fail "the backend cannot reach the database"
if k exec deployment/frontend -- bash -c 'timeout 4 bash -c "</dev/tcp/postgres.my-app/5432"' 2>/dev/null; then fail "the frontend reaches the database"; fi
step "the database answers the backend, and not the frontend"

# The database dies while orders are being worked on.
all_done() { [ "$(number_of total)" = "$(number_of done)" ]; }
for i in $(seq 10); do order "milk $i" >/dev/null; done
before=$(number_of total)
k delete pod postgres-0 --grace-period=1 >/dev/null
k rollout status statefulset/postgres --timeout=120s >/dev/null || fail "the database did not come back"
wait_for 60 number_of total || fail "the backend does not find the database again"
[ "$(number_of total)" = "$before" ] || fail "$before orders before, $(number_of total) after"
wait_for 60 all_done || fail "not all orders are done: $(visit /api/orders)"
step "the database's pod was deleted: all $before orders are still there, and done"

# A queue of jobs.
for i in $(seq 80); do order "coffee $i" >/dev/null; done
more_workers() { [ "$(k get deployment worker -o jsonpath='{.spec.replicas}')" -gt 2 ]; }
wait_for 120 more_workers || fail "80 orders wait, and there are no more workers"
step "a queue of 80 orders: $(k get deployment worker -o jsonpath='{.spec.replicas}') workers"
wait_for 240 all_done || fail "not all orders are done: $(visit /api/orders)"
fewer_workers() { [ "$(k get deployment worker -o jsonpath='{.spec.replicas}')" = 2 ]; }
wait_for 240 fewer_workers || fail "the queue is empty, and the workers stay"
step "all $(number_of total) orders done, and two workers again"

# Load.
(while true; do visit "/api/busy?milliseconds=300" >/dev/null 2>&1 || true; done) &
load=$!
more_backends() { [ "$(k get deployment backend -o jsonpath='{.spec.replicas}')" -gt 3 ]; }
wait_for 240 more_backends || fail "the backend is busy, and there are no more of it: $(k get hpa backend --no-headers)"
step "load: $(k get deployment backend -o jsonpath='{.spec.replicas}') backends"
kill $load; wait $load 2>/dev/null || true; load=
fewer_backends() { [ "$(k get deployment backend -o jsonpath='{.spec.replicas}')" = 3 ]; }
wait_for 300 fewer_backends || fail "the load is over, and the backends stay"
step "no load: three backends again"

# A rollout while people visit, until the last old pod is gone.
answers=$(mktemp)
(while true; do visit /api/alive >>"$answers" 2>&1 && echo >>"$answers" || echo " lost" >>"$answers"; done) &
load=$!
old=$(k get pods -l app=backend -o jsonpath='{.items[*].metadata.name}')
k rollout restart deployment/backend >/dev/null
k rollout status deployment/backend --timeout=240s >/dev/null || fail "the rollout did not end"
k wait pod $old --for=delete --timeout=120s >/dev/null || fail "old pods stay"
kill $load; wait $load 2>/dev/null || true; load=
requests=$(grep -c '"pod"' "$answers") || fail "nobody asked anything"
! grep -q lost "$answers" || fail "requests were lost: $(grep lost "$answers" | head -3)"
rm "$answers"
step "a rollout of the backend: none of $requests requests was lost"

# Every write of every component has a reason.
kubectl-lite why --check || fail "the ledger cannot say why"
step "the ledger says of every write why it was made"
echo "All of it holds."
