#!/bin/sh
# `npm run test:cluster`: what only a cluster can show. Where none answers and its tool is known, one is brought up, and taken
# down in the end. Without both the tests say that they are skipped, and why.
#   npm run test:cluster [-- e2e -t 'kill -9']      files and tests, as vitest takes them
set -eu
cd "$(dirname "$0")/../.."
tool=${COVERSLIP_CLUSTER:-$PWD/../shared/tools/cluster/cluster}
answers() { kubectl get --raw /readyz >/dev/null 2>&1; }

if [ -x "$tool" ]; then
  given=${KUBECONFIG:-}
  eval "$("$tool" env)"
  [ -z "$given" ] || export KUBECONFIG="$given"
  if ! answers; then
    "$tool" up >&2
    trap '"$tool" down' EXIT
  fi
fi
sh infra/setup.sh test
export PATH="$PWD/node_modules/.bin:$PATH"
tsc --noEmit -p tsconfig.json
! answers || sh infra/cluster/images.sh
# What the upgrade begins with: the last release, or else the commit before.
previous() { git describe --tags --abbrev=0 HEAD~1 2>/dev/null || git rev-parse --verify --quiet HEAD~1 || true; }
case "$*" in '' | *upgrade*) upgrades=yes ;; *) upgrades= ;; esac
if [ "$upgrades" ] && [ -z "${COVERSLIP_PREVIOUS_TAG:-}" ] && [ -x "$tool" ] && answers; then
  before=${COVERSLIP_PREVIOUS:-$(previous)}
  # A commit that was named must do; one that was only taken for want of a release may be one that does not build.
  if [ -n "$before" ] && sh infra/cluster/previous.sh "$before"; then
    export COVERSLIP_PREVIOUS_TAG=previous
  elif [ -n "${COVERSLIP_PREVIOUS:-}" ]; then
    exit 1
  fi
fi
vitest run --config infra/cluster/vitest.config.ts "$@"
