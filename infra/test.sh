#!/bin/sh
# `npm test`: sets up what is missing, checks the types (vitest accepts syntax that Node refuses), runs the tests.
set -eu
cd "$(dirname "$0")/.."
sh infra/setup.sh test
export PATH="$PWD/node_modules/.bin:$PATH"
mkdir -p .cache
rm -f .cache/vitest.json .cache/errors.json
tsc --noEmit -p tsconfig.json
vitest run --config infra/vitest.config.ts --reporter=default --reporter=./infra/errors-reporter.ts \
  --reporter=json --outputFile.json=.cache/vitest.json "$@"
