#!/usr/bin/env bash
# Runs the bench programs one after another, keeps their figures with the machine's description as JSON, and prints one table.
# usage: bench_table.sh PROGRAM_FOLDER OUTPUT_FOLDER [--quick]
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: bench_table.sh PROGRAM_FOLDER OUTPUT_FOLDER [--quick]" >&2; exit 2; }
programs=$1
output=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$output"
figures=$output/figures.jsonl
read -r load _ </proc/loadavg
# Every durable write waits for a wake-up, which on busy processors comes milliseconds late.
awk -v load="$load" 'BEGIN { exit load < 0.5 }' && echo "the machine is busy (load $load): rates and latencies will be those of that" >&2
: >"$figures"
for name in bench_http bench_orset; do
  [ -x "$programs/$name" ] || { echo "bench_table.sh: $programs/$name is not built" >&2; exit 1; }
  echo "running $name $*" >&2
  "$programs/$name" "$@" >>"$figures"
done

cache=$programs/../CMakeCache.txt
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$cache")
jq -n --slurpfile figures "$figures" \
  --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
  --arg cores "$(nproc)" \
  --arg memory "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)" \
  --arg kernel "$(uname -sr)" \
  --arg compiler "$("$compiler" --version | head -n 1), $(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$cache")" \
  --arg disk "$(findmnt -no SOURCE,FSTYPE -T "${TMPDIR:-/tmp}")" \
  --arg date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  --arg commit "$(git -C "$here" -c safe.directory='*' describe --always --dirty 2>/dev/null || echo unknown)" \
  --arg arguments "$*" --arg load "$load" \
  '{machine: {cpu: $cpu, cores: ($cores | tonumber), memory_bytes: ($memory | tonumber * 1024), kernel: $kernel,
      compiler: $compiler, disk: ($disk | gsub(" +"; " ")), load_before: ($load | tonumber)},
    date: $date, commit: $commit, arguments: $arguments, figures: $figures}' >"$output/results.json"
jq -r -f "$here/table.jq" "$output/results.json" | tee "$output/results.md"
