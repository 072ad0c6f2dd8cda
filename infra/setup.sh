#!/bin/sh
# Makes a checkout ready to run: packages, system libraries, the built viewer. Does only what is missing.
#   infra/setup.sh        what running needs
#   infra/setup.sh test   what the tests need as well
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# --- npm packages: anew when the lock file is younger than what npm noted at the end of its last run
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'Installing npm packages…'
  npm ci --silent --no-progress >&2 || npm ci >&2
  # npm leaves the note's time alone when nothing changed.
  touch node_modules/.package-lock.json
fi
if [ ! -x node_modules/.bin/node ]; then
  say "There is no pinned Node for this system: install Node 24 and link it as node_modules/.bin/node."
  exit 1
fi

# --- Debian packages
missing=''
need() { missing="$missing $1"; }
libraries=$(/sbin/ldconfig -p 2>/dev/null || true)
case $libraries in *libopenslide.so.*) ;; *) need libopenslide0 ;; esac
case $libraries in *libturbojpeg.so.0*) ;; *) need libturbojpeg0 ;; esac
if [ "${1:-}" = test ]; then
  command -v redis-server >/dev/null || need redis-server
  command -v nats-server >/dev/null || need nats-server
  command -v openssl >/dev/null || need openssl
  command -v prometheus >/dev/null || need prometheus
  command -v chromium >/dev/null || need chromium
  command -v vips >/dev/null || need libvips-tools
  command -v openslide-show-properties >/dev/null || need openslide-tools
  command -v git >/dev/null || need git
  command -v xz >/dev/null || need xz-utils
  PATH=$PATH:/usr/sbin command -v nginx >/dev/null || need nginx
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need postgresql
fi
if [ -n "$missing" ]; then
  root=''
  [ "$(id -u)" = 0 ] || root='sudo -n'
  # Later Debian releases name the library after OpenSlide 4.
  if command -v apt-get >/dev/null && { [ -z "$root" ] || $root true 2>/dev/null; }; then
    say "Installing Debian packages:$missing…"
    $root apt-get -qq update >&2 || true
    for name in $missing; do
      if [ "$name" = libopenslide0 ] && ! apt-cache show libopenslide0 >/dev/null 2>&1; then name=libopenslide1; fi
      packages="${packages:-} $name"
    done
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $packages >/dev/null
  else
    say "Some Debian packages are missing; install them with: sudo apt-get install$missing"
    exit 1
  fi
fi

# --- the viewer: built anew when its sources changed
sources() {
  find services/viewer proto/api.ts proto/api package-lock.json -type f ! -path '*/dist/*' ! -path '*/node_modules/*' ! -name '*.test.ts' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum
}
stamp=$(sources | sha256sum)
if [ "$(cat services/viewer/dist/.sources 2>/dev/null || true)" != "$stamp" ]; then
  say 'Building the viewer…'
  (cd services/viewer && PATH="$OLDPWD/node_modules/.bin:$PATH" vite build --logLevel error >&2)
  printf '%s\n' "$stamp" >services/viewer/dist/.sources
fi
