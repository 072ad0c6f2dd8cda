#!/bin/sh
# Builds the images that changed and loads them into the cluster.
#   infra/cluster/images.sh [TAG]      TAG: of the image of the services (dev); servers of a trial are always `dev`
set -eu
cd "$(dirname "$0")/../.."
tag=${1:-dev}
cache=$PWD/.cache/images
cluster=${COVERSLIP_CLUSTER:-$PWD/../shared/tools/cluster/cluster}
PATH="$PWD/node_modules/.bin:$PATH"
mkdir -p "$cache"
eval "$("$cluster" env)"

load() { # folder name
  tar=$cache/$(basename "$2" | tr ':' '-').tar
  "$cluster" image "$2" "$1" "$tar" >/dev/null
  "$cluster" load "$tar"
}
for server in nats nginx postgres redis s3; do
  [ -d "$cache/$server" ] || {
    VERSITYGW=$(command -v versitygw) sh infra/image/rootfs.sh "$cache/$server" "$server"
    load "$cache/$server" "localhost/coverslip-$server:dev"
  }
done
sh infra/setup.sh
rm -rf "$cache/all"
sh infra/image/rootfs.sh "$cache/all" all
load "$cache/all" "localhost/coverslip:$tag"
