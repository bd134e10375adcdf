#!/usr/bin/env bash
# What lives outside the tree is built against the installed package, and used: each example by following its README.
# usage: run.sh BUILD_FOLDER
set -euo pipefail
export LC_ALL=C.UTF-8
umask 022
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
. "$here/follow_readme.sh"

export HOME=$work/home
prefix=$HOME/crdtd
mkdir "$HOME"
cmake --install "$build" --prefix "$prefix" >"$work/install.log"
example() {  # NAME: a copy of its own, as a stranger has it
  cp -r "$source/examples/$1" "$work/$1"
  rm -rf "$work/$1/build" "$work/$1/data"
}

example plugin_max_register
follow "$work/plugin_max_register"
stop_server TERM
# Pinned by digest, and refused when it is another file.
pin() { sed -i "s|max_register.so[^}]*}|max_register.so, sha256: \"$1\" }|" "$work/plugin_max_register/crdtd.yaml"; }
pin "$(sha256sum "$work/plugin_max_register/build/max_register.so" | cut -d' ' -f1)"
"$prefix/bin/crdtd" check-config "$work/plugin_max_register/crdtd.yaml" >"$work/check.log" 2>&1 || { cat "$work/check.log"; exit 1; }
pin "$(sha256sum "$work/install.log" | cut -d' ' -f1)"
! "$prefix/bin/crdtd" check-config "$work/plugin_max_register/crdtd.yaml" >"$work/check.log" 2>&1
grep -q sha256 "$work/check.log" || { echo "the digest is not named:"; cat "$work/check.log"; exit 1; }
echo "plugin_max_register: built, judged, served, pinned"

example storage_files
follow "$work/storage_files"
read_both() {
  for id in todos profile; do
    curl -sS --max-time 30 "http://$address/v1/docs/$id" -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' && echo
  done
}
before=$(read_both)
stop_server KILL
start_server "$work/storage_files" "$(grep -l 'crdtd serve' "$work"/storage_files/block.*)"
after=$(read_both)
[ "$before" = "$after" ] && [[ $after == *'"value":["buy-milk"]'*'"value":{"name":"Ada"}'* ]] ||
  { echo "before kill -9: $before"; echo "after: $after"; exit 1; }
stop_server TERM
echo "storage_files: built, judged, served, killed and there again"
