#!/usr/bin/env bash
# Makes the images of the application from Debian packages, where no registry can be reached: equivalents of the same names, as far as
# the application needs them. Images that are there already are kept; FORCE=1 makes all anew.
#
#   postgres:15  redis:7.0  nginx:1.22                         what Docker Hub has under these names
#   my-app-backend:1.0  my-app-worker:1.0  my-app-queue-adapter:1.0   our own, see the Dockerfiles beside their sources
set -euo pipefail
cd "$(dirname "$0")"
export DOCKER_BUILDKIT=0
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

missing() { [ -n "${FORCE:-}" ] || ! docker image inspect "$1" >/dev/null 2>&1; }

# image NAME DOCKERFILE FOLDER: host network, for that of a container may not lead to the mirror.
image() {
  missing "$1" || return 0
  echo "making $1"
  local said
  said=$(docker build --network host -t "$1" -f "$2" "$3" 2>&1) || { echo "$said" >&2; exit 1; }
}

base() {
  missing my-app-debian:12 || return 0
  command -v debootstrap >/dev/null || { echo "images.sh: debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }
  [ "$(id -u)" = 0 ] || { echo "images.sh: debootstrap needs root: sudo make my-app-images" >&2; exit 1; }
  echo "making my-app-debian:12 from $mirror"
  local root
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" || { cat "$root.log" >&2; exit 1; }
  rm -rf "$root.log" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  tar -C "$root" -c . | docker import --change 'ENV DEBIAN_FRONTEND=noninteractive' --change 'ENV LANG=C.UTF-8' - my-app-debian:12 >/dev/null
}

adapter() {
  missing my-app-queue-adapter:1.0 || return 0
  echo "making my-app-queue-adapter:1.0"
  local root
  root=$(mktemp -d)
  (cd ../.. && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$root/adapter" ./examples/my-app/adapter)
  tar -C "$root" -c adapter | docker import --change 'ENTRYPOINT ["/adapter"]' --change 'USER 1000' - my-app-queue-adapter:1.0 >/dev/null
  rm -rf "$root"
}

adapter
for needed in postgres:15 redis:7.0 nginx:1.22 my-app-python:3.11; do
  if missing "$needed"; then base; fi
done
image postgres:15 images/postgres.Dockerfile images
image redis:7.0 images/redis.Dockerfile images
image nginx:1.22 images/nginx.Dockerfile images
if missing my-app-backend:1.0 || missing my-app-worker:1.0; then
  image my-app-python:3.11 images/python.Dockerfile images
fi
image my-app-backend:1.0 images/backend.Dockerfile backend
image my-app-worker:1.0 images/worker.Dockerfile worker
