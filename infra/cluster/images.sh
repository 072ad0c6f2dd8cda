#!/bin/sh
# Builds the images that changed, and loads them into the cluster where its tool is known.
#   infra/cluster/images.sh [TAG]      TAG: of the image of the services (dev); servers of a trial are always `dev`
# Without the tool the archives are left in .cache/images: kind load image-archive, k3d image import.
set -eu
cd "$(dirname "$0")/../.."
tag=${1:-dev}
cluster=${COVERSLIP_CLUSTER:-$PWD/../shared/tools/cluster/cluster}
export PATH="$PWD/node_modules/.bin:$PATH"
[ ! -x "$cluster" ] || eval "$("$cluster" env)"
[ -n "${VERSITYGW:-}" ] || VERSITYGW=$(command -v versitygw) || { echo 'set VERSITYGW to the program versitygw' >&2; exit 1; }
export VERSITYGW

mkdir -p .cache/images
# One at a time: they would make the same layers.
exec 9>.cache/images/lock
flock 9
sh infra/setup.sh
here=$(kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}' 2>/dev/null || true)
image() { # name what
  archive=$(sh infra/image/build.sh "$1" "$2")
  [ -x "$cluster" ] && [ -n "$here" ] || return 0
  # A cluster that was made anew has lost them.
  loaded="$here $(cat "${archive%.tar}.digest")"
  [ "$(cat "${archive%.tar}.loaded" 2>/dev/null || true)" != "$loaded" ] || return 0
  "$cluster" load "$archive" >&2
  printf '%s' "$loaded" >"${archive%.tar}.loaded"
}
for server in nats nginx postgres redis s3; do image "localhost/coverslip-$server:dev" "$server"; done
image "localhost/coverslip:$tag" all
