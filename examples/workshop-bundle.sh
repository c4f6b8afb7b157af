#!/usr/bin/env bash
# Makes one archive for each platform that holds a whole workshop: both programs, the book with the code that it speaks of, the examples, the labs, and the
# images that they need. Whoever unpacks it needs no network.
#
#   PLATFORMS="linux/amd64 darwin/arm64"   which ones; all five without it
#   IMAGES="kubelite-hello:v1 nginx:1.22"  which images; all that can be made here, or are there, without it; none if it is empty
#   OUT=bin/workshop                       where the archives go
#
# From the same sources come the same archives, byte for byte, with the images as the Docker daemon has them.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${VERSION:-v0.1.0}
out=${OUT:-bin/workshop}
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64}
tar=tar
tar --version 2>/dev/null | grep GNU >/dev/null || tar=gtar
command -v $tar >/dev/null || { echo "workshop-bundle.sh: GNU tar is missing" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
rm -f "$out"/kubelite-workshop-*.tar.gz "$out/SHA256SUMS"

# The images, once. They are for the architecture of the Docker daemon, and go into the archives for it.
images=${IMAGES-kubelite-hello:v1 kubelite-hello:v2 busybox:1.37 nginx:1.22 postgres:15 redis:7.0 my-app-backend:1.0 my-app-worker:1.0 my-app-queue-adapter:1.0}
image_architecture=
if [ -z "$images" ]; then
  echo "images: none, as asked"
elif ! docker info >/dev/null 2>&1; then
  echo "images: none, because no Docker daemon answers"
else
  case " $images " in *" kubelite-hello:"*) examples/images.sh ;; esac
  case " $images " in *" busybox:"*) test/labs/images.sh || true ;; esac
  there=()
  for image in $images; do
    if docker image inspect "$image" >/dev/null 2>&1; then
      there+=("$image")
    else
      echo "images: $image is not here, and is left out (make my-app-images makes those of the sample application)"
    fi
  done
  if [ ${#there[@]} -gt 0 ]; then
    image_architecture=$(docker version --format '{{.Server.Arch}}')
    docker save -o "$work/images.tar" "${there[@]}"
    echo "images: ${there[*]} for $image_architecture"
  fi
fi

for platform in $platforms; do
  os=${platform%/*} arch=${platform#*/}
  name=kubelite-workshop-$version-$os-$arch
  root=$work/kubelite-workshop
  rm -rf "$root"
  mkdir -p "$root/bin"
  # All that is in the repository: the book points at code, and its readers want to follow.
  git ls-files -z | $tar --null -T - -c --ignore-failed-read | $tar -x -C "$root"
  build() { GOOS=$1 GOARCH=$arch CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X kubelite/api.Version=$version" -o "$2" "${@:3}"; }
  build "$os" "$root/bin/" ./cmd/kubelite ./cmd/kubectl-lite
  # Containers run Linux, wherever their daemon is.
  [ "$os" = linux ] || build linux "$root/bin/kubelite-linux-$arch" ./cmd/kubelite
  if [ "$arch" = "$image_architecture" ]; then
    mkdir "$root/images"
    cp "$work/images.tar" "$root/images/images.tar"
  fi
  cp examples/START-HERE.md "$root/START-HERE.md"
  (cd "$root" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
  $tar -C "$work" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w -c kubelite-workshop | gzip -n >"$out/$name.tar.gz"
  echo "$out/$name.tar.gz  $(du -h "$out/$name.tar.gz" | cut -f1)"
done
(cd "$out" && LC_ALL=C sha256sum kubelite-workshop-*.tar.gz >SHA256SUMS)
