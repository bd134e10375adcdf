#!/usr/bin/env bash
# The quick start as printed: README.md and examples/quickstart hold the same lines, a fresh `crdtd dev` gives the replies printed
# under them, and what it acknowledged is there after kill -9 and a restart.
# Usage: quickstart_test.sh PROGRAM README QUICKSTART
set -euo pipefail
export LC_ALL=C
program=$1 readme=$2 quickstart=$3

folder=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then kill -9 "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap cleanup EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  if [ -s "$folder/log" ]; then printf -- '--- the log of the server ---\n' >&2; cat "$folder/log" >&2; fi
  exit 1
}

# Starts the server on the test's data and a free port; sets `server` and `address` when it says that it is ready.
start() {
  exec 3< <(cd "$folder" && exec "$program" dev --listen 127.0.0.1:0 --data "$folder/data" 2>>"$folder/log")
  server=$!
  local line=
  read -r -t 30 line <&3 || fail "the server did not say that it is ready"
  address=${line#listening on }
  [[ $line = "listening on 127.0.0.1:"* && $address != *:0 ]] || fail "not the line of a server that is ready: $line"
}

documents() {
  local id
  for id in profile todos letters; do
    curl -sS --max-time 30 "http://$address/v1/docs/$id" -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop'
    echo
  done
}

# 1. One text in two places. In README.md: the blocks of the section that begin with curl, an empty line between them.
awk '/^## /{ in_section = ($0 == "## Quick start") }
     in_section && /^```/{ if (open) { open = 0; if (taken) { taken = 0; gap = 1 } } else { open = 1; first = 1 } next }
     open { if (first) { taken = /^curl /; first = 0; if (taken && gap) print "" } if (taken) print }' "$readme" >"$folder/readme"
sed '1,/^# --- from here on as in README.md ---$/d' "$quickstart" >"$folder/script"
[ -s "$folder/script" ] || fail "$quickstart has no line '# --- from here on as in README.md ---', or nothing after it"
diff -u "$folder/readme" "$folder/script" >&2 || fail "the quick start in $readme (-) and $quickstart (+) differ"

# 2. Each reply is what stands under its line.
start
bash "$quickstart" "$address" >"$folder/got" || fail "$quickstart ended with an error after these replies: $(cat "$folder/got")"
sed -n 's/^# \({.*\)/\1/p' "$folder/script" >"$folder/wanted"
calls=$(grep -c '^curl ' "$folder/script")
[ "$calls" -ge 5 ] && [ "$(wc -l <"$folder/wanted")" = "$calls" ] || fail "each of the $calls calls needs its reply in a line '# {…'"
[ "$(wc -l <"$folder/got")" = "$calls" ] || fail "$calls calls, but these replies: $(cat "$folder/got")"
while IFS= read -r wanted <&4 && IFS= read -r got <&5; do
  pattern=$(printf '%s\n' "$wanted" | sed 's/[][\.*^$(){}?+|]/\\&/g; s/…/[^"]+/g')
  printf '%s\n' "$got" | grep -qxE -e "$pattern" || fail "printed: $wanted
     got: $got"
done 4<"$folder/wanted" 5<"$folder/got"

# 3. All of it survives.
documents >"$folder/before"
[ "$(grep -c '"value":' "$folder/before")" = 3 ] || fail "three documents were to be read: $(cat "$folder/before")"
kill -9 "$server"
wait "$server" 2>/dev/null || true
exec 3<&-
start
documents >"$folder/after"
diff -u "$folder/before" "$folder/after" >&2 || fail "what was read before (-) and after (+) kill -9 differs"

kill -TERM "$server"
wait "$server" || fail "SIGTERM did not end the server with 0"
server=
echo "$calls calls replied as printed, and survived kill -9"
