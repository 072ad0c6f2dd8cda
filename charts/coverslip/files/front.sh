#!/bin/sh
# nginx, with the pods of each service as its servers, each by its address. A name of several pods would count as one server:
# no slide could have pods of its own, and no request that one of them dropped could go to another. nginx looks names up when
# it starts and never again (before 1.27.3), so they are looked up here; nginx takes over a list that has changed and
# loses no request by it.
#   CONF      nginx' configuration, which includes a file of each service below $SERVERS
#   SERVICES  their names;  PODS_OF  what stands before such a name and -pods in DNS;  PORT  where they answer
set -u
mkdir -p "$SERVERS"

# IPv6 addresses want brackets. No line when no pod is ready, or when nobody answers.
servers_of() {
  getent ahosts "$PODS_OF$1-pods" | while read -r address type _; do
    [ "$type" = STREAM ] || continue
    case $address in *:*) address="[$address]" ;; esac
    echo "server $address:$PORT max_fails=2 fail_timeout=3s;"
  done | sort -u
}

# Writes the lists anew; tells by $changed whether one is another now.
look() {
  changed=
  for name in $SERVICES; do
    found=$(servers_of "$name")
    known=$(cat "$SERVERS/$name" 2>/dev/null)
    # Whoever is not found is asked where he was: pods that are all unready may still answer.
    [ -n "$found" ] || found=${known:-server unix:/nobody;}
    [ "$found" != "$known" ] || continue
    printf '%s\n' "$found" >"$SERVERS/$name.new" && mv "$SERVERS/$name.new" "$SERVERS/$name"
    changed=yes
  done
}

# A process of the list before hangs up on idle connections, at worst while a request is on its way; since nginx 1.27.4 it can
# wait for a while before. Whether this one knows how is found out by asking.
patience='keepalive_min_timeout 10s;'
echo "pid $SERVERS/probe.pid; events {} http { $patience }" >"$SERVERS/probe"
nginx -t -q -c "$SERVERS/probe" -e /dev/null 2>/dev/null || patience=
echo "$patience" >"$SERVERS/patience"

look
nginx -c "$CONF" -e stderr -g 'daemon off;' &
nginx=$!
# Answers that have begun may end; whoever has not hung up by then (live updates) is cut off.
stop() {
  kill -QUIT "$nginx" 2>/dev/null
  (sleep 30 && kill -TERM "$nginx" 2>/dev/null) &
  stopping=$!
}
stopping=
trap stop TERM INT
while kill -0 "$nginx" 2>/dev/null; do
  sleep 2 &
  wait $!
  [ -z "$stopping" ] || { wait "$nginx"; kill "$stopping"; exit 0; }
  look
  [ -z "$changed" ] || kill -HUP "$nginx"
done
wait "$nginx"
