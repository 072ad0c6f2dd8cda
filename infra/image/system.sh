#!/bin/sh
# Makes the layer below everything: a minimal Debian with what a service, or a server of a trial, needs of it.
#   infra/image/system.sh OUT.tar [WHAT]
# WHAT: `service` (the default), postgres, nats, redis, nginx, or s3 (the program that VERSITYGW names, for Debian has none).
# BASE_SUITE (bookworm) and DEBIAN_MIRROR say which Debian. OUT.tar.debs lists the packages.
set -eu
out=$1
what=${2:-service}
suite=${BASE_SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"

command -v mmdebstrap >/dev/null || { echo 'mmdebstrap is missing: apt-get install mmdebstrap' >&2; exit 1; }
case $what in
  service) packages=ca-certificates,libopenslide0,libturbojpeg0 ;;
  postgres) packages=postgresql ;;
  nats) packages=nats-server ;;
  redis) packages=redis-server ;;
  nginx) packages=nginx-light ;;
  s3) packages=ca-certificates ;;
  *) echo "there is no system for $what" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$work/root

# Essential packages and these, without manuals and without apt: nothing is installed later.
mmdebstrap --quiet --variant=essential --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' "$suite" "$folder" "$mirror"
# PostgreSQL has a pool of its own users: the chart brings a file of names where a server wants one.
printf 'coverslip:x:10001:10001::/tmp:/usr/sbin/nologin\n' >>"$folder/etc/passwd"
printf 'coverslip:x:10001:\n' >>"$folder/etc/group"
[ "$what" != s3 ] || install -m 755 "${VERSITYGW:?the program versitygw}" "$folder/usr/bin/versitygw"

# What tells of the computer that built it, keys that each build would make anew, what was there before a change.
rm -rf "$folder"/etc/hostname "$folder"/etc/resolv.conf "$folder"/etc/machine-id "$folder"/etc/ssl/private/* \
  "$folder"/etc/ssl/certs/ssl-cert-snakeoil.pem "$folder"/etc/*- "$folder"/var/lib/dpkg/*-old \
  "$folder"/var/cache/* "$folder"/var/log/* "$folder"/var/lib/apt/* "$folder"/var/lib/systemd \
  "$folder"/var/lib/postgresql/* "$folder"/etc/postgresql/* "$folder"/dev/* "$folder"/tmp/* "$folder"/run/*

dpkg-query --admindir="$folder/var/lib/dpkg" -W -f='${Package}\t${Version}\t${Architecture}\n' | LC_ALL=C sort >"$out.debs"
tar -C "$folder" --sort=name --format=gnu --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf "$out.part" .
mv "$out.part" "$out"
