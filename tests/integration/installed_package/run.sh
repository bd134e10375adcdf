#!/usr/bin/env bash
# A type and a storage that live outside the tree are built against the installed package, and loaded by one line of YAML each.
# usage: run.sh BUILD_FOLDER
set -euo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
mkdir "$work/project"
cp "$here"/CMakeLists.txt "$here"/acme_* "$work/project/"
cp "$source"/plugins/storage/memory/*.cpp "$source"/plugins/storage/memory/*.hpp "$work/project/"
cmake -S "$work/project" -B "$work/project/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DACME_STORE_SOURCES="$(cd "$work/project" && ls memory*.cpp plugin.cpp | paste -sd';')" >"$work/configure.log"
cmake --build "$work/project/build" >"$work/build.log" || { cat "$work/build.log"; exit 1; }

cat >"$work/crdtd.yaml" <<YAML
listen: 127.0.0.1:0
types:
  orset: {}
  acme-max: { plugin: ./project/build/acme_max.so, sha256: "$(sha256sum "$work/project/build/acme_max.so" | cut -d' ' -f1)" }
storage: { plugin: memory, library: ./project/build/acme_store.so }
YAML
mkfifo "$work/out"
"$work/prefix/bin/crdtd" serve --config "$work/crdtd.yaml" >"$work/out" 2>"$work/server.log" &
server=$!
read -r _ _ address <"$work/out" || { cat "$work/server.log"; exit 1; }

call() { curl -sS -H 'X-Tenant-ID: t' -H 'X-Node-ID: n' -H 'Content-Type: application/json' "$@"; }
expect() {
  case "$1" in
    "$2"*) ;;
    *) echo "wanted: $2"; echo "got:    $1"; exit 1 ;;
  esac
}
url="http://$address/v1/docs/score"
expect "$(call "$url/ops" -d '{"type":"acme-max","ops":[{"raise":7},{"raise":3}]}')" '{"version":1,"snapshot":7,'
expect "$(call "$url/ops" -d '{"type":"acme-max","ops":[{"raise":12}]}')" '{"version":2,"snapshot":12,'
expect "$(call "$url/ops" -d '{"type":"acme-max","ops":[{"raise":"x"}]}')" '{"type":"/problems/invalid-op"'
expect "$(call "$url")" '{"type":"acme-max","version":2,'
expect "$(call "http://$address/v1/docs/s/ops" -d '{"type":"orset","ops":[{"type":"add","elem":1}]}')" '{"version":1,"snapshot":[1],'
echo "a type and a storage from outside the tree: loaded and used"
