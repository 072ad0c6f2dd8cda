#!/bin/sh
# Generates what is derived from the contracts: proto/gen, the README's tables, the lint rule of import directions, what the
# chart knows of the services.
#   infra/gen.sh         writes them
#   infra/gen.sh check   fails when what is committed differs
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

generate() {
  (cd proto && buf generate -o "$1" && buf build -o "$1/gen/image.binpb")
}

if [ "${1:-}" = check ]; then
  fresh=$(mktemp -d)
  trap 'rm -rf "$fresh"' EXIT
  generate "$fresh"
  diff -r proto/gen "$fresh/gen" || { echo 'proto/gen is out of date: npm run gen' >&2; exit 1; }
  node infra/readme.ts --check
  node infra/boundaries.ts --check
  node infra/chart/generate.ts --check
  node infra/observability/generate.ts --check
else
  generate .
  node infra/readme.ts
  node infra/boundaries.ts
  node infra/chart/generate.ts
  node infra/observability/generate.ts
fi
