#!/usr/bin/env bash
# Makes the images of the examples FROM scratch, from the programs in this folder: nothing is pulled.
#   kubelite-hello:v1   says "hello from <pod>"
#   kubelite-hello:v2   says "hallo from <pod>", for rolling updates
#   kubelite-busybox:v1 a shell with its tools, where a static busybox is installed (Debian's busybox-static)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$root/hello" ./examples/hello
for version in v1:hello v2:hallo; do
  tar -C "$root" -c hello | docker import \
    --change 'ENTRYPOINT ["/hello"]' --change 'EXPOSE 8080' --change "ENV GREETING=${version#*:}" \
    - "kubelite-hello:${version%%:*}" >/dev/null
done

busybox=$(command -v busybox || true)
if [ -n "$busybox" ] && ! ldd "$busybox" >/dev/null 2>&1; then # ldd fails for a static program
  mkdir -p "$root/bin" "$root/tmp"
  cp "$busybox" "$root/bin/busybox"
  for tool in $("$busybox" --list); do [ "$tool" = busybox ] || ln -s busybox "$root/bin/$tool"; done
  tar -C "$root" -c bin tmp | docker import --change 'CMD ["/bin/sh"]' --change 'ENV PATH=/bin' - kubelite-busybox:v1 >/dev/null
fi
