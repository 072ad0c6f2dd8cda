#!/bin/sh
# PostgreSQL's own programs, beside the process that asks for them: their version is the server's, not Coverslip's.
#   backup-database.sh FOLDER
# Waits for FOLDER/ask: `dump SNAPSHOT` or `restore`. FOLDER/services says how each schema is reached (a service file of libpq),
# FOLDER/dumps holds a file for each. Answers by FOLDER/done or, with the reason, FOLDER/failed.
set -eu
cd "$1"
export PGSERVICEFILE="$PWD/services"
until [ -s ask ]; do sleep 0.2; done
read -r what snapshot <ask || true
# What starts this program again when it has ended must not make it do the same again.
mv ask asked

all() {
  for schema in $(sed -n 's/^\[\(.*\)\]$/\1/p' services); do
    case $what in
      dump) pg_dump --dbname="service=$schema" --schema="$schema" --snapshot="$snapshot" --format=custom \
        --no-owner --no-acl --file="dumps/$schema" || return 1 ;;
      restore) pg_restore --dbname="service=$schema" --schema="$schema" --no-owner --no-acl --exit-on-error \
        --single-transaction "dumps/$schema" || return 1 ;;
    esac
  done
}
if all 2>errors; then mv errors done; else mv errors failed; fi
