#!/usr/bin/env bash
# Makes the operator's image FROM scratch, as the Dockerfile beside does, and nothing is pulled:
#   database-operator:v1        the operator
#   toy-database:17.1, :17.2    stand in for postgres where no registry can be reached: they listen on its port, and that is all
set -euo pipefail
cd "$(dirname "$0")"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export CGO_ENABLED=0
go build -ldflags "-s -w" -o "$root/operator" .
(cd ../.. && go build -trimpath -ldflags "-s -w" -o "$root/hello" ./examples/hello)
tar -C "$root" -c operator | docker import --change 'ENTRYPOINT ["/operator"]' --change 'USER 65532' - database-operator:v1 >/dev/null
for version in 17.1 17.2; do
  tar -C "$root" -c hello | docker import --change 'ENTRYPOINT ["/hello"]' --change 'ENV PORT=5432' - toy-database:$version >/dev/null
done
