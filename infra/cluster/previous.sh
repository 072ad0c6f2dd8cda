#!/bin/sh
# Builds the image of an older commit by today's recipe and loads it: localhost/coverslip:previous.
#   infra/cluster/previous.sh COMMIT
set -eu
cd "$(dirname "$0")/../.."
here=$PWD
cluster=${COVERSLIP_CLUSTER:-$here/../shared/tools/cluster/cluster}
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree"; rm -rf "$work"' EXIT
git worktree add --detach --quiet "$work/tree" "$1"
cd "$work/tree"
rm -rf infra/image infra/backup
cp -R "$here/infra/image" "$here/infra/backup" infra
ln -s "$here/node_modules" node_modules
mkdir -p .cache
ln -s "$here/.cache/images" .cache/images
# The viewer of today does as well: what is tried are the services.
cp -R "$here/services/viewer/dist" services/viewer/dist
"$cluster" load "$(sh infra/image/build.sh localhost/coverslip:previous all)"
