#!/bin/sh
# Puts what a service runs of into a folder: its code, what it imports, production packages, the built viewer.
#   infra/image/app.sh TARGET [SERVICE]            SERVICE: a folder of services/ (intake and public: gateway), or `all`
#   infra/image/app.sh TARGET SERVICE packages     only node_modules
#   infra/image/app.sh TARGET SERVICE code         only what is not node_modules
# npm is asked for the packages that package-lock.json names and no others.
set -eu
target=$1
service=${2:-all}
part=${3:-both}
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

case $service in
  all) rooms='access annotations catalog cli deidentify gateway ingest pyramid subjects tiles all' ;;
  intake | public) rooms=gateway ;;
  *) rooms=$service ;;
esac
for room in $rooms; do
  [ -d "services/$room" ] || { echo "there is no service $room" >&2; exit 1; }
done
mkdir -p "$target"

packages() {
  # The lock file is about every workspace; those that are not wanted leave again below.
  for manifest in package.json package-lock.json proto/package.json services/*/package.json; do
    mkdir -p "$target/$(dirname "$manifest")"
    cp "$manifest" "$target/$manifest"
  done
  (cd "$target" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent)
  # The embedded database is for everything in one process.
  [ "$service" = all ] && without='' || without=--without=@electric-sql/pglite
  # shellcheck disable=SC2046,SC2086
  node infra/image/prune.ts $without "$target" proto services/platform services/wsi $(printf ' services/%s' $rooms)
  for manifest in "$target"/services/*/; do
    room=$(basename "$manifest")
    case " platform wsi $rooms " in *" $room "*) ;; *) rm -rf "$target/node_modules/@coverslip/$room" ;; esac
  done
  rm -rf "$target/services" "$target/proto" "$target"/package*.json
  rm -rf "$target"/node_modules/node-linux-*/include "$target"/node_modules/node-linux-*/share "$target/node_modules/.package-lock.json"
  find "$target/node_modules" \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -type f ! -iname 'license*' -delete
}

code() {
  case " $rooms " in
    *' gateway '*)
      [ -f services/viewer/dist/index.html ] || { echo 'the viewer is not built: sh infra/setup.sh' >&2; exit 1; }
      mkdir -p "$target/services/viewer/dist"
      cp -R services/viewer/dist/. "$target/services/viewer/dist"
      ;;
  esac
  mkdir -p "$target/services"
  cp package.json package-lock.json LICENSE "$target"
  # shellcheck disable=SC2046,SC2086
  tar -c --exclude='*.test.ts' --exclude=node_modules --exclude=dist --exclude=testing --exclude='testing.ts' \
    infra/backup infra/image/migrate.ts infra/image/first-slide.ts infra/postgres/roles.ts proto services/platform services/wsi $(printf ' services/%s' $rooms) | tar -x -C "$target"
}

case $part in
  packages) packages ;;
  code) code ;;
  *) packages && code ;;
esac
# Bytes and not times: the same sources give the same layer.
find "$target" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
