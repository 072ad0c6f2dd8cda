#!/bin/sh
# Makes the root file system of an image without a registry and without Docker: from Debian's packages and npm's. A folder
# like this is packed by any tool that makes images of folders and loaded into kind, k3d or a node's containerd.
#   infra/image/rootfs.sh FOLDER [WHAT]
# WHAT: a service, `all` (the default), or a server of a trial: postgres, nats, redis, nginx, s3 (the program that VERSITYGW names,
# for Debian has none).
# BASE_SUITE (bookworm) and DEBIAN_MIRROR say which Debian; FOLDER.sbom.txt lists what is inside.
set -eu
folder=$1
what=${2:-all}
suite=${BASE_SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
here=$(dirname "$0")
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"

command -v mmdebstrap >/dev/null || { echo 'mmdebstrap is missing: apt-get install mmdebstrap' >&2; exit 1; }
[ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
case $what in
  postgres) packages=postgresql ;;
  nats) packages=nats-server ;;
  redis) packages=redis-server ;;
  nginx) packages=nginx-light ;;
  s3) packages=ca-certificates ;;
  *) packages=ca-certificates,libopenslide0,libturbojpeg0 ;;
esac

# Essential packages and these, without manuals and without apt: nothing is installed later.
mmdebstrap --quiet --variant=essential --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' "$suite" "$folder" "$mirror"
printf 'coverslip:x:10001:10001::/tmp:/usr/sbin/nologin\n' >>"$folder/etc/passwd"
printf 'coverslip:x:10001:\n' >>"$folder/etc/group"
# Names and machine ids of the computer that built it.
rm -rf "$folder"/var/lib/postgresql/* "$folder/etc/hostname" "$folder/etc/resolv.conf" "$folder/etc/machine-id" "$folder"/var/lib/apt/lists/* "$folder"/var/cache/* "$folder"/var/log/*

case $what in
  postgres | nats | redis | nginx) ;;
  s3) install -m 755 "${VERSITYGW:?the program versitygw}" "$folder/usr/bin/versitygw" ;;
  *) sh "$here/app.sh" "$folder/app" "$what" ;;
esac

{
  dpkg-query --admindir="$folder/var/lib/dpkg" -W -f='deb ${Package} ${Version}\n'
  [ ! -d "$folder/app" ] || find "$folder/app/node_modules" -name package.json -path '*node_modules/*' -prune -exec \
    sed -n 's/^  "name": "\(.*\)",\{0,1\}$/npm \1/p;s/^  "version": "\(.*\)",\{0,1\}$/\1/p' {} \; | paste -sd ' ' | sed 's/ npm /\nnpm /g'
} | sort >"$folder.sbom.txt"
