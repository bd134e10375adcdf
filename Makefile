# The fixed names of this project; `make help` lists them. Everything is built below build/, one folder a preset.
# The packages are Debian 12's. Elsewhere install their like by hand: without dpkg nothing is installed here.

SHELL := /bin/bash
.SHELLFLAGS := -e -u -o pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# Long counts for `make test-all`: how many times more work the tests that take a count do.
TEST_SCALE ?= 4
# Each fuzzer's time under `make fuzz`.
FUZZ_SECONDS ?= 60

# --- packages: what each target needs beyond the one before it ------------------------------------------------------------------
SERVER_PACKAGES := g++ cmake ninja-build ccache \
  libboost1.81-dev rapidjson-dev libsqlite3-dev libyaml-cpp-dev libssl-dev \
  libspdlog-dev libfmt-dev libcli11-dev zlib1g-dev
TEST_PACKAGES := $(SERVER_PACKAGES) catch2 git curl jq binutils pkgconf \
  clang-16 libclang-rt-16-dev llvm-16
LINT_PACKAGES := $(TEST_PACKAGES) clang-16 clang-format-16 clang-tidy-16

# $(call install,PACKAGES): nothing when all are there, else apt-get, through sudo when not root. Never asks.
define install
@command -v dpkg-query >/dev/null || { echo "Not a Debian system: nothing is installed. Needed are the likes of: $(1)"; exit 0; }; \
missing=; for package in $(1); do \
  [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing="$$missing $$package"; done; \
[ -z "$$missing" ] && exit 0; \
echo "Installing:$$missing"; \
as_root=; if [ "$$(id -u)" != 0 ]; then as_root=sudo; \
  command -v sudo >/dev/null || { echo "Neither root nor sudo. Have these installed, then run make again:$$missing" >&2; exit 1; }; fi; \
apt="$$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"; \
$$apt update; $$apt install --no-install-recommends $$missing
endef

# --- builds ---------------------------------------------------------------------------------------------------------------------
# $(call build,PRESET): everything of it, tests too. The mask: crdtd refuses plugins that a group may write.
define build
umask 022; cmake --preset $(1) -DCRDTD_TESTS=ON
umask 022; cmake --build --preset $(1) -j $(JOBS)
endef

# $(call build-server,TARGETS): without tests.
# A tree configured for tests stays so, as configuring it back and forth would throw their objects away; they are just not built.
define build-server
umask 022; cmake --preset release $(if $(KEEP_TESTS),,-DCRDTD_TESTS=OFF)
umask 022; cmake --build --preset release -j $(JOBS) --target $(1)
endef
KEEP_TESTS = $(and $(wildcard /usr/include/catch2/catch.hpp),$(shell grep -sx 'CRDTD_TESTS:BOOL=ON' build/release/CMakeCache.txt))

# --- tests ----------------------------------------------------------------------------------------------------------------------
# $(call run,PRESET,CTEST ARGUMENTS): keeps the output in build/tests-PRESET.log for `count`, which judges it. Sanitizers want a
# plain address space; a container may forbid setarch, and mostly does without.
NO_RANDOM_ADDRESSES := $(shell setarch -R true 2>/dev/null && echo setarch -R)
define run
@echo; echo "== ctest --preset $(1) $(2)"
@umask 022; $(if $(filter release,$(1)),,$(NO_RANDOM_ADDRESSES)) ctest --preset $(if $(filter release,$(1)),all,$(1)) $(2) \
  --no-tests=error --output-on-failure -j $(JOBS) 2>&1 | tee build/tests-$(1).log || true
endef

# $(call count,PRESETS): the sum of these runs as the last line, alone on it. A run that ended without a summary is one failure.
define count
@passed=0; failed=0; echo; for preset in $(1); do \
  read -r bad all < <(sed -n 's/.*tests passed, \([0-9]*\) tests* failed out of \([0-9]*\).*/\1 \2/p' build/tests-$$preset.log; echo "1 1"); \
  echo "$$preset: $$((all - bad)) of $$all"; passed=$$((passed + all - bad)); failed=$$((failed + bad)); done; \
if [ $$failed != 0 ]; then echo; sed -n '/The following tests FAILED/,$$p' $(patsubst %,build/tests-%.log,$(1)); fi; \
echo; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]
endef

SANITIZED := -L 'unit|integration|conformance'

# --- targets --------------------------------------------------------------------------------------------------------------------
.PHONY: help dev build test test-all fuzz bench lint format install todo clean packages-server packages-test packages-lint

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | awk -F '\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

dev: packages-server ## install what the server needs, build it, run it on 127.0.0.1:8080 (ARGS="--listen A --data DIR")
	$(call build-server,crdtd plugins/all)
	exec build/release/bin/crdtd dev $(ARGS)

build: packages-test ## build everything, tests too, into build/release
	$(call build,release)

test: packages-test ## build and run all tests, units, integration and conformance under ASan and UBSan, the fuzzers briefly
	$(call build,release)
	$(call run,release)
	$(call build,asan)
	$(call run,asan,$(SANITIZED))
	$(call build,fuzz)
	$(call run,fuzz)
	$(call count,release asan fuzz)

test-all: export CRDTD_TEST_SCALE := $(TEST_SCALE)
test-all: packages-test ## the same with long counts, and under TSan too
	$(call build,release)
	$(call run,release)
	$(call build,asan)
	$(call run,asan)
	$(call build,tsan)
	$(call run,tsan)
	$(call build,fuzz)
	$(call run,fuzz)
	$(call count,release asan tsan fuzz)

# Two at a time. What they learn stays in build/fuzz/corpus, what they find in build/fuzz/crashes.
fuzz: packages-test ## run each fuzzer for FUZZ_SECONDS (60), or one alone (TARGET=json_gate); tests/fuzz/README.md lists them
	$(call build,fuzz)
	@grep -q '^$(TARGET)\( \|$$\)' build/fuzz/fuzzers.txt || [ -z "$(TARGET)" ] || \
	  { echo "make fuzz: there is no $(TARGET); there are:" $$(cut -d ' ' -f 1 build/fuzz/fuzzers.txt) >&2; exit 1; }
	@sed -n '/^$(if $(TARGET),$(TARGET)\( \|$$\))/p' build/fuzz/fuzzers.txt \
	  | CRDTD_FUZZ_SECONDS=$(FUZZ_SECONDS) xargs -P 2 -L 1 $(NO_RANDOM_ADDRESSES) tests/fuzz/run.sh $(CURDIR)/build/fuzz

# Timed, so nothing else should run meanwhile. The JSON and the table stay in build/bench.
bench: packages-test ## build the bench programs and print one table of figures (ARGS="--quick" for a run of seconds)
	umask 022; cmake --preset release -DCRDTD_TESTS=ON
	umask 022; cmake --build --preset release -j $(JOBS) --target bench_programs
	@umask 022; tests/bench/bench_table.sh build/release/bin build/bench $(ARGS)

# Tracked and new files alike; a file that is deleted but not yet committed is listed still, so only those that are there.
SOURCES = $(wildcard $(shell git -c safe.directory='*' ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cpp' '*.hpp'))
# clang-tidy wants the flags of its own compiler: a build folder that is configured for clang and never built.
lint: packages-lint ## formatting and clang-tidy; any finding fails
	@[ -n "$(firstword $(SOURCES))" ] || { echo "make lint: git lists no sources here; run it in a clone" >&2; exit 1; }
	@clang-format-16 --dry-run -Werror $(SOURCES)
	cmake -S . -B build/lint -G Ninja -DCMAKE_BUILD_TYPE=Release -DCRDTD_TESTS=OFF -DCRDTD_CCACHE=OFF \
	  -DCMAKE_C_COMPILER=clang-16 -DCMAKE_CXX_COMPILER=clang++-16 >/dev/null
	@jq -r '.[].file | select(contains("/build/lint/") | not)' build/lint/compile_commands.json | sort -u \
	  | xargs -d '\n' -P $(JOBS) -n 1 clang-tidy-16 -p build/lint --quiet 2>&1 | sed '/warnings\{0,1\} generated\.$$/d'
	@echo "lint: nothing found"

format: packages-lint ## rewrite the C and C++ files in the project's format
	@clang-format-16 -i $(SOURCES)

install: packages-server ## install the server, the plugins, the SDK and the reference configuration below PREFIX
	$(call build-server,core/all plugins/all sdk/all)
	umask 022; cmake --install build/release --prefix $(PREFIX)

# Its build is one at a time, as two terminals may ask for it at once.
todo: packages-server ## build examples/todo_cpp on the installed package and run it (ARGS="--url U --list NAME --node ME")
	@mkdir -p build; flock build/todo.lock $(MAKE) --no-print-directory build/todo/todo
	@exec build/todo/todo $(ARGS)

build/todo/todo: FORCE
	$(call build-server,sdk/all)
	@umask 022; cmake --install build/release --prefix build/todo/prefix --component sdk >/dev/null
	@umask 022; cmake -S examples/todo_cpp -B build/todo -G Ninja -DCMAKE_BUILD_TYPE=Release \
	  -DCMAKE_PREFIX_PATH=$(CURDIR)/build/todo/prefix >/dev/null
	@umask 022; cmake --build build/todo

FORCE:

clean: ## remove what was built; data/ stays
	rm -rf build

packages-server:
	$(call install,$(SERVER_PACKAGES))

packages-test:
	$(call install,$(TEST_PACKAGES))

packages-lint:
	$(call install,$(LINT_PACKAGES))
