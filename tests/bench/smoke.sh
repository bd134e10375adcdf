#!/usr/bin/env bash
# Runs a bench program with counts so small that its figures mean nothing, and checks that what it prints is what the table wants:
# every line an object with all fields, values above 0, a name and peer only once, and a table that holds each of them.
# usage: smoke.sh PROGRAM ARGUMENTS…
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lines=$("$@")
jq -es 'length > 0
  and all(.[]; (.name | type == "string" and length > 0) and (.unit | type == "string") and (.value | type == "number" and . > 0)
    and (.runs | type == "number" and . >= 1) and (.spread | type == "number" and . >= 0)
    and (.goal == null or (.goal | type == "number")) and has("goal") and has("peer") and has("peer_value")
    and (.peer == null) == (.peer_value == null) and (.better == null or .better == "higher" or .better == "lower"))
  and (map([.name, .peer]) | unique | length) == length' <<<"$lines" >/dev/null \
  || { echo "not what the table wants:"; echo "$lines"; exit 1; }
table=$(jq -s '{machine: {cpu: "c", cores: 1, memory_bytes: 1, kernel: "k", disk: "d", load_before: 0, compiler: "g"}, date: "d", commit: "c",
  arguments: "", figures: .}' <<<"$lines" | jq -r -f "$here/table.jq")
wanted=$(($(wc -l <<<"$lines") + 2))
[ "$(grep -c '^|' <<<"$table")" = "$wanted" ] || { echo "$wanted lines of a table wanted:"; echo "$table"; exit 1; }
echo "$table"
