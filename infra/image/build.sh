#!/bin/sh
# Builds an image without a registry and without Docker: Debian's packages, npm's packages and the code, a layer each.
#   infra/image/build.sh NAME [WHAT]     WHAT: a service, `all` (the default), or a server of a trial: postgres, nats, redis, nginx, s3
# Prints the path of an archive that `docker load`, `kind load image-archive`, `k3d image import` and `ctr images import` take;
# beside it lies its list of contents (SPDX). Layers are kept in .cache/images by what goes into them, so that a change of code
# makes one small layer anew, and the same sources give the same digest.
set -eu
name=$1
what=${2:-all}
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH" SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
cache=$PWD/.cache/images
mkdir -p "$cache"
key() { sha256sum | cut -c 1-16; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $what in
  postgres | nats | redis | nginx | s3) system=$what ;;
  *) system=service ;;
esac
program=''
[ "$what" != s3 ] || program=$(sha256sum "${VERSITYGW:?the program versitygw}")
layer=$cache/system-$(printf '%s' "$system ${BASE_SUITE:-} ${DEBIAN_MIRROR:-} $program" | cat - infra/image/system.sh | key).tar
[ -f "$layer" ] || { echo "$name: the system…" >&2; sh infra/image/system.sh "$layer" "$system"; }
layers=$layer
debs=$layer.debs
config=infra/image/server.json
npm=/dev/null
file=$cache/$(printf '%s' "${name##*/}" | tr ':' '-').tar
# A server's image is its system.
stamp="$layer $(cat infra/image/pack.ts infra/image/sbom.ts "$config" | key)"
if [ "$system" = "$what" ] && [ "$(cat "${file%.tar}.stamp" 2>/dev/null || true)" = "$stamp" ]; then
  printf '%s\n' "$file"
  exit
fi

archived() { # folder: below /app of the image, by nobody in particular
  tar -C "$1" --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" \
    --transform='flags=r;s,^\.,./app,' -cf "$2" .
}

if [ "$system" = service ]; then
  config=infra/image/service.json
  packages=$cache/packages-$(cat package-lock.json proto/package.json services/*/package.json infra/image/app.sh infra/image/prune.ts |
    cat - "$debs" | { cat; printf '%s' "$what"; } | key).tar
  if [ ! -f "$packages" ]; then
    echo "$name: npm's packages…" >&2
    sh infra/image/app.sh "$work/packages" "$what" packages
    (cd "$work/packages" && find node_modules -name package.json -print | LC_ALL=C sort) >"$packages.npm"
    archived "$work/packages" "$packages.part"
    mv "$packages.part" "$packages"
  fi
  sh infra/image/app.sh "$work/code" "$what" code
  archived "$work/code" "$work/code.tar"
  layers="$layers $packages $work/code.tar"
  npm=$packages.npm
fi

# shellcheck disable=SC2086
digest=$(node infra/image/pack.ts "$file" "$name" "$config" $layers)
node infra/image/sbom.ts "$name" "$digest" "$debs" "$npm" "$program" >"${file%.tar}.spdx.json"
printf '%s\n' "$digest" >"${file%.tar}.digest"
printf '%s\n' "$stamp" >"${file%.tar}.stamp"
echo "$name $digest $(($(stat -c %s "$file") / 1000000)) MB" >&2
printf '%s\n' "$file"
