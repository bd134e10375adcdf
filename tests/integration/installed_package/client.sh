#!/usr/bin/env bash
# The client as others get it: installed, moved elsewhere, found by CMake and by pkg-config; its manual's program and the todo
# example are built from it and used, two terminals at once.
# usage: client.sh BUILD_FOLDER CXX_COMPILER
set -euo pipefail
export LC_ALL=C.UTF-8
build=$1 compiler=$2
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
processes=()
finish() {
  for process in "${processes[@]}"; do kill -9 "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# 1. Installed, then moved: nothing may point to where it was.
cmake --install "$build" --prefix "$work/staged" >"$work/install.log"
mv "$work/staged" "$work/prefix"
prefix=$work/prefix
library=$(dirname "$(find "$prefix" -name libcrdtd_client.a)")
! grep -rlF "$work/staged" "$library/cmake" "$library/pkgconfig" || fail "these name the folder of the installation"
! grep -rnE '#include <(boost|rapidjson|openssl)' "$prefix/include/crdtd/client" "$prefix/include/crdtd/wire" ||
  fail "a public header of the client needs another library"

# 2. Components ask for what they need and for nothing else.
look() {
  rm -rf "$work/look"
  mkdir "$work/look"
  printf 'cmake_minimum_required(VERSION 3.25)\nproject(look LANGUAGES CXX)\nfind_package(crdtd REQUIRED %s)\n' "$1" \
    >"$work/look/CMakeLists.txt"
  cmake -S "$work/look" -B "$work/look/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" "${@:2}" \
    >"$work/look.log" 2>&1
}
none=(-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON -DCMAKE_DISABLE_FIND_PACKAGE_Threads=ON)
look "" "${none[@]}" || fail "a plugin's author needs more than the package: $(cat "$work/look.log")"
look "COMPONENTS wire plugin" "${none[@]}" || fail "wire needs more than the package: $(cat "$work/look.log")"
look "COMPONENTS client loader conformance" || fail "components are not found: $(cat "$work/look.log")"
if look "COMPONENTS client" "${none[@]}"; then fail "the client was found without OpenSSL"; fi
if look "COMPONENTS nonsense"; then fail "a component was found that does not exist"; fi
grep -q "no component nonsense" "$work/look.log" || fail "no word about the component: $(cat "$work/look.log")"

# 3. The program of the manual, by pkg-config; the todo, by CMake.
awk '/^```cpp$/{ taken = 1; next } /^```$/{ taken = 0 } taken' "$source/sdk/client-cpp/README.md" >"$work/manual.cpp"
# shellcheck disable=SC2046
"$compiler" -std=c++20 -Wall -Wextra -Werror -o "$work/manual" "$work/manual.cpp" \
  $(PKG_CONFIG_PATH="$library/pkgconfig" pkg-config --cflags --libs crdtd-client)
cp -r "$source/examples/todo_cpp" "$work/todo"
cmake -S "$work/todo" -B "$work/todo/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_FLAGS=-Werror >"$work/todo.log"
cmake --build "$work/todo/build" >>"$work/todo.log" || fail "$(cat "$work/todo.log")"
todo=$work/todo/build/todo

# 4. A server.
mkfifo "$work/ready"
"$prefix/bin/crdtd" dev --listen 127.0.0.1:0 --data "$work/data" >"$work/ready" 2>"$work/server.log" &
server=$!
processes+=("$server")
read -r -t 30 _ _ address <"$work/ready" || fail "the server did not come up: $(cat "$work/server.log")"
url=http://$address

same() { [ "$1" = "$2" ] || fail "wanted: $2
     got: $1"; }
same "$("$work/manual" "$url")" '["say \"hi\""]
[]'
same "$("$todo" --url "$url" list)" "(nothing to do)"
"$todo" --url "$url" add bread and butter
same "$("$todo" --url "$url" list)" "1. bread and butter"
"$todo" --url "$url" remove bread and butter
if "$todo" --url "$url" remove bread 2>"$work/error"; then fail "what is not there was removed"; fi
grep -qF 'There is no `bread`' "$work/error" || fail "$(cat "$work/error")"
status=0
"$todo" --url "$url" dance 2>"$work/error" || status=$?
same "$status" 2

# 5. Two terminals. Each gets its lines by say, and is read by hear until a line is what is wanted.
for terminal in a b; do mkfifo "$work/$terminal.in" "$work/$terminal.out"; done
"$todo" --url "$url" --node same <"$work/a.in" >"$work/a.out" &
processes+=($!)
exec 11>"$work/a.in" 21<"$work/a.out"
"$todo" --url "$url" --node same <"$work/b.in" >"$work/b.out" &
b=$!
processes+=("$b")
exec 12>"$work/b.in" 22<"$work/b.out"
say() { printf '%s\n' "$2" >&"$((10 + $1))"; }
hear() {
  local line heard=
  while read -r -t 10 line <&"$((20 + $1))"; do
    if [ "$line" = "$2" ]; then return 0; fi
    heard="$heard$line
"
  done
  fail "terminal $1 did not say '$2' but: $heard"
}
hear 1 "(nothing to do)"
hear 2 "(nothing to do)"
say 1 "add milk"
hear 1 "1. milk"
say 2 ""
hear 2 "+ milk   (by someone else)"
hear 2 "1. milk"
# Both show milk. The second adds it once more; the first, which has not seen that, removes it: it stays.
say 2 "add milk"
hear 2 "1. milk"
say 1 "remove 1"
hear 1 "+ milk   (by someone else)"
hear 1 "1. milk"
# Now it has seen it.
say 1 "remove milk"
hear 1 "(nothing to do)"
say 2 ""
hear 2 "- milk   (by someone else)"
hear 2 "(nothing to do)"
item=$'say "hi" \\ M\u00fcsli \U0001f95b \'x\''
say 2 "add $item"
hear 2 "1. $item"
say 1 ""
hear 1 "1. $item"
say 2 "add "$'\e[2J\u009b2J'
hear 2 "1. ?[2J?2J"
# Erased by someone: a removal of what was shown is refused, explained, and the list shown as it is.
curl -sS -X DELETE "$url/v1/docs/todo" -H 'X-Tenant-ID: dev' -H 'X-Node-ID: curl'
say 2 "remove 1"
hear 2 "this is the list now, say it again if you still want it:"
hear 2 "(nothing to do)"
say 2 "quit"
wait "$b" || fail "quit did not end the todo with 0"
exec 12>&-

# 6. No server: it says what to do, and goes on when there is one again.
kill -9 "$server"
wait "$server" 2>/dev/null || true
status=0
"$todo" --url "$url" list 2>"$work/error" || status=$?
same "$status" 1
grep -qF 'Start one with `make dev`' "$work/error" || fail "$(cat "$work/error")"
exec 11>&-
echo "the client from outside the tree: found, built, and used in two terminals"
