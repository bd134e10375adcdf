#!/usr/bin/env bash
# Runs one fuzzer: run.sh BUILD_FOLDER NAME MAX_LEN [DICTIONARY]
#
# As a test: replays corpus and regressions, then makes CRDTD_FUZZ_RUNS (20000) times CRDTD_TEST_SCALE (1) executions from the seed
# CRDTD_TEST_SEED (1). With CRDTD_FUZZ_SECONDS set: so long instead, from a random seed, and what it learns is kept below
# BUILD_FOLDER/corpus. A crash is kept below BUILD_FOLDER/crashes, with the ways on printed.
set -euo pipefail
build=$1 name=$2 max_len=$3 dictionary=${4:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$build/bin/fuzz_$name
crashes=$build/crashes/$name
log=$build/crashes/$name.log
mkdir -p "$crashes"

seeds=("$here/corpus/$name")
[ -d "$here/regressions/$name" ] && seeds+=("$here/regressions/$name")
mapfile -t files < <(find "${seeds[@]}" -type f | sort)
[ "${#files[@]}" -gt 0 ] || { echo "fuzz_$name: no seed inputs in tests/fuzz/corpus/$name" >&2; exit 1; }

options=(-max_len="$max_len" -timeout=20 -malloc_limit_mb=256 -rss_limit_mb=2048 -artifact_prefix="$crashes/" -print_final_stats=1
  -entropic=0) # its book-keeping takes half of the time with inputs that reach this much
[ -z "$dictionary" ] || options+=(-dict="$here/dictionaries/$dictionary.dict")
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
# Short stacks for blocks of memory and no check of returned stack frames: half as fast with them. A replay by hand has them all.
export ASAN_OPTIONS=${ASAN_OPTIONS:-malloc_context_size=3:detect_stack_use_after_return=0:quarantine_size_mb=32}
[ -x /usr/lib/llvm-16/bin/llvm-symbolizer ] && export ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-/usr/lib/llvm-16/bin/llvm-symbolizer}

told() { # says what happened, in a line or with all that a person needs
  local status=$1 seed=$2
  if [ "$status" = 0 ]; then
    local ms=$(((${EPOCHREALTIME/[.,]/} - started) / 1000 + 1))
    local done_runs
    done_runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz_$name: ${#files[@]} inputs replayed, $done_runs executions in $ms ms, $((done_runs * 1000 / ms))/s: nothing found"
    return 0
  fi
  grep -v '^#' "$log" | tail -n 120 >&2
  local crash
  crash=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo >&2
  echo "fuzz_$name FOUND SOMETHING (seed $seed), the whole output: $log" >&2
  if [ -n "$crash" ]; then
    echo "  input:   $crash" >&2
    echo "  replay:  $program $crash" >&2
    echo "  shrink:  $program -minimize_crash=1 -max_total_time=30 -artifact_prefix=$crashes/ $crash" >&2
    echo "  keep:    mkdir -p tests/fuzz/regressions/$name && cp $crash tests/fuzz/regressions/$name/WHAT_IT_SHOWS" >&2
  fi
  return 1
}

# Each input alone and whole: a directory given to libFuzzer is cut to max_len.
replay() { "$program" -timeout=20 -malloc_limit_mb=256 "${files[@]}"; }
if ! replay >"$log" 2>&1; then
  echo "fuzz_$name: an input of tests/fuzz fails, the one after the last 'Running:'" >&2
  told 1 none
fi

if [ -n "${CRDTD_FUZZ_SECONDS:-}" ]; then
  seed=${CRDTD_TEST_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
  grown=$build/corpus/$name
  mkdir -p "$grown"
  options+=(-max_total_time="$CRDTD_FUZZ_SECONDS" "$grown" "${seeds[@]}")
else # the same start each time: what earlier runs learnt is left out, and what this one learns is not kept
  seed=${CRDTD_TEST_SEED:-1}
  runs=$((${CRDTD_FUZZ_RUNS:-20000} * ${CRDTD_TEST_SCALE:-1} + ${#files[@]}))
  options+=(-len_control=0 -runs="$runs" -seed_inputs="$(IFS=, && echo "${files[*]}")")
fi
echo "fuzz_$name: CRDTD_TEST_SEED=$seed"
started=${EPOCHREALTIME/[.,]/}
echo "fuzz_$name: CRDTD_TEST_SEED=$seed"
status=0
"$program" -seed="$seed" "${options[@]}" >"$log" 2>&1 || status=$?
told "$status" "$seed"
