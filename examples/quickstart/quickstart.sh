#!/usr/bin/env bash
# The quick start of README.md as a program: the same lines, and under each the reply that it gets (… stands for what differs from
# run to run). `make dev` first; then: examples/quickstart/quickstart.sh [host:port]
# The replies are those of an empty server: a second run finds the documents of the first.
set -euo pipefail
address=${1:-127.0.0.1:8080}
curl() { command curl -sS --max-time 30 "${@//127.0.0.1:8080/$address}" && echo; }

# --- from here on as in README.md ---
curl -X PUT http://127.0.0.1:8080/v1/docs/profile -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' \
  --json '{"type":"lww","value":{"name":"Ada"}}'
# {"version":1,"snapshot":{"name":"Ada"},"cursor":"…","applied":1}

curl http://127.0.0.1:8080/v1/docs/todos/ops -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' \
  --json '{"since":0,"type":"orset","ops":[{"type":"add","elem":"buy-milk"}]}'
# {"version":1,"snapshot":["buy-milk"],"cursor":"…","applied":1}

curl http://127.0.0.1:8080/v1/docs/todos/ops -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' \
  --json '{"since":1,"type":"orset","ops":[{"type":"remove","elem":"buy-milk"}]}'
# {"version":2,"snapshot":[],"cursor":"…","applied":2}

curl -X PUT http://127.0.0.1:8080/v1/docs/letters -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' \
  --json '{"type":"orset","value":["a","b"]}'
# {"version":1,"snapshot":["a","b"],"cursor":"…","applied":1}

curl http://127.0.0.1:8080/v1/docs/profile/ops -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' \
  --json '{"type":"lww","ops":[{"set":{"name":"Ada"},"ts_unix_ns":0}]}'
# {"version":2,"snapshot":{"name":"Ada"},"cursor":"…","applied":2}

curl http://127.0.0.1:8080/v1/docs/letters -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop'
# {"type":"orset","version":1,"cursor":"…","value":["a","b"]}

curl http://127.0.0.1:8080/v1/docs/letters/ops -H 'X-Tenant-ID: acme' -H 'X-Node-ID: phone' \
  --json '{"since":1,"type":"orset","ops":[{"type":"add","elem":"b"},{"type":"add","elem":"c"}]}'
# {"version":2,"snapshot":["a","b","c"],"cursor":"…","applied":2}

curl http://127.0.0.1:8080/v1/docs/letters/ops -H 'X-Tenant-ID: acme' -H 'X-Node-ID: laptop' \
  --json '{"since":1,"type":"orset","ops":[{"type":"remove","elem":"a"},{"type":"remove","elem":"b"}]}'
# {"version":3,"snapshot":["b","c"],"cursor":"…","applied":3}
