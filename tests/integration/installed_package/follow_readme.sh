# Sourced by run.sh: does what the README of an example says, block by block.
#
# follow FOLDER: in FOLDER (a copy of the example), with HOME as the reader has it: `make install` is skipped, the package is there
# already; the block with `crdtd serve` starts the server on a free port and in the background; all others run as printed, with
# the server's address. Lines that begin with `# ` and stand under a command are output that must come, … for what may be anything.
# Leaves the server running: `stop_server SIGNAL` ends it, `start_server FOLDER BLOCK` starts one.

blocks_of() {  # FOLDER: writes block.1, block.2 … beside the README
  rm -f "$1"/block.*
  awk -v folder="$1" '/^```sh$/ { open = 1; ++n; next } /^```$/ { open = 0 } open { print > (folder "/block." n) }' "$1/README.md"
  [ -e "$1/block.1" ] || { echo "$1/README.md has no block of commands"; exit 1; }
}

start_server() {
  mkfifo "$1/out"
  (cd "$1" && ADDR=127.0.0.1:0 exec bash -c "exec $(cat "$2")") >"$1/out" 2>>"$1/server.log" &
  server=$!
  read -r -t 30 _ _ address <"$1/out" || { cat "$1/server.log"; exit 1; }
  rm "$1/out"
}

stop_server() {
  kill "-$1" "$server"
  wait "$server" 2>/dev/null || true
  server=
}

# Each wanted line in its order, others may stand between.
expect_lines() {  # BLOCK OUTPUT
  local wanted pattern at=1 found
  while IFS= read -r wanted; do
    pattern=$(printf '%s\n' "${wanted#\# }" | sed 's/[][\.*^$(){}?+|]/\\&/g; s/…/.+/g')
    found=$(tail -n "+$at" "$2" | grep -nxE -m 1 -e "$pattern" | cut -d: -f1) ||
      { echo "wanted: ${wanted#\# }"; echo "of:"; cat "$1"; echo "got:"; cat "$2"; exit 1; }
    at=$((at + found))
  done < <(grep '^# ' "$1")
}

follow() {
  local folder=$1 block
  blocks_of "$folder"
  for block in $(ls "$folder"/block.* | sort -t. -k2 -n); do
    case $(cat "$block") in
      "make install "*) continue ;;
      *"crdtd serve "*) start_server "$folder" "$block"; continue ;;
    esac
    (cd "$folder" && address=${address:-} bash -euo pipefail -c \
      "curl() { command curl -sS --max-time 30 \"\${@//127.0.0.1:8080/\$address}\" && echo; }; $(cat "$block")") >"$block.out" 2>&1 ||
      { echo "failed:"; cat "$block" "$block.out"; exit 1; }
    expect_lines "$block" "$block.out"
  done
}
