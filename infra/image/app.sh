#!/bin/sh
# Puts what a service runs of into a folder: its code, what it imports, production packages, the built viewer.
#   infra/image/app.sh TARGET [SERVICE]     SERVICE: a folder of services/ (intake and public: gateway), or `all`
# npm is asked for the packages that package-lock.json names and no others.
set -eu
target=$1
service=${2:-all}
cd "$(dirname "$0")/../.."

case $service in
  all) rooms='access annotations catalog cli deidentify gateway ingest pyramid subjects tiles all' ;;
  intake | public) rooms=gateway ;;
  *) rooms=$service ;;
esac
[ -f services/viewer/dist/index.html ] || { echo 'the viewer is not built: sh infra/setup.sh' >&2; exit 1; }
for room in $rooms; do
  [ -d "services/$room" ] || { echo "there is no service $room" >&2; exit 1; }
done

mkdir -p "$target/infra/image" "$target/services"
cp package.json package-lock.json LICENSE "$target"
cp infra/image/migrate.ts "$target/infra/image"
# The lock file is about every workspace; those that are not wanted leave again below.
for manifest in services/*/package.json; do
  mkdir -p "$target/$(dirname "$manifest")"
  cp "$manifest" "$target/$manifest"
done
code() { # folder…: what runs of it, without tests
  tar -c --exclude='*.test.ts' --exclude=node_modules --exclude=dist --exclude=testing --exclude='testing.ts' "$@" | tar -x -C "$target"
}
# shellcheck disable=SC2086
code proto services/platform services/wsi $(printf ' services/%s' $rooms)
mkdir -p "$target/services/viewer/dist"
cp -R services/viewer/dist/. "$target/services/viewer/dist"

(cd "$target" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent)
# shellcheck disable=SC2046,SC2086
"$target/node_modules/.bin/node" infra/image/prune.ts "$target" proto services/platform services/wsi $(printf ' services/%s' $rooms)

# --- what was needed to install only
for manifest in "$target"/services/*/; do
  room=$(basename "$manifest")
  case " platform wsi viewer $rooms " in *" $room "*) ;; *) rm -rf "$manifest" "$target/node_modules/@coverslip/$room" ;; esac
done
[ "$rooms" = gateway ] || [ "$service" = all ] || rm -rf "$target/services/viewer" "$target/node_modules/@coverslip/viewer"
rm -rf "$target"/node_modules/node-linux-*/include "$target"/node_modules/node-linux-*/share "$target/node_modules/.package-lock.json"
find "$target/node_modules" \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -type f ! -iname 'license*' -delete
# Bytes and not times: the same sources give the same layer.
find "$target" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
