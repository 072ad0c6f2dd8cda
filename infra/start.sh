#!/bin/sh
# `npm start`: sets up what is missing, then runs all of Coverslip in one process.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
sh "$here/infra/setup.sh"
# A trial has nobody who would look at each slide before it is shown; the terminal and the viewer say so.
export REVIEW_GATE="${REVIEW_GATE:-off}"
# Of the memory that threads give back, glibc keeps some for each of them: 160 MiB more with sixty slides on their way.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
# V8 lets short-lived objects take up to 128 MiB; a quarter of that serves as many tiles.
export NODE_OPTIONS="--max-semi-space-size=16 ${NODE_OPTIONS:-}"
# Reads of files and calls of the image libraries share libuv's pool, whose size is fixed at the start.
UV_THREADPOOL_SIZE=${UV_THREADPOOL_SIZE:-16} exec "$here/node_modules/.bin/node" "$here/services/all/main.ts" "$@"
