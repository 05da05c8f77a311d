#!/usr/bin/env bash
# Drives the server and the sandbox with clients that this project did not write: the MCP inspector, the Python `mcp`
# client of both major versions and `fastmcp`, over standard input and output and over HTTP; the official Databricks SDK
# for Python; the SQL connector for Python by both of its clients; MLflow's; and the tour of examples/ with our own.
# airflow_hook.py is run by hand: Airflow is too large to install for each run.
# Installs them below target/clients.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
binary=${1:-$root/target/debug/databricks-mcp}
work=$root/target/clients
mkdir -p "$work/node"
unset DATABRICKS_HOST DATABRICKS_TOKEN || true

venv() { # name, requirement…
  local name=$1; shift
  [ -x "$work/$name/bin/python" ] || python3 -m venv "$work/$name"
  "$work/$name/bin/pip" install --quiet --disable-pip-version-check "$@"
}

venv mcp1 'mcp>=1.20,<2'
"$work/mcp1/bin/python" mcp_session.py "$binary"
venv mcp2 'mcp>=2,<3'
"$work/mcp2/bin/python" mcp_session.py "$binary"
venv fastmcp 'fastmcp>=4,<5'
"$work/fastmcp/bin/python" fastmcp_session.py "$binary"

venv sdk 'databricks-sdk>=0.156'
token=clients-token
"$binary" sandbox --token "$token" > "$work/sandbox.env" 2> "$work/sandbox.log" &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ "$(wc -l < "$work/sandbox.env")" -ge 2 ] && break; sleep 0.1; done
(source "$work/sandbox.env"; "$work/sdk/bin/python" databricks_sdk.py)
(source "$work/sandbox.env"; "$work/sdk/bin/python" sdk_breadth.py)
venv connector 'databricks-sql-connector[kernel,pyarrow]>=4.8'
(source "$work/sandbox.env"; "$work/connector/bin/python" sql_connector.py)
venv mlflow 'mlflow-skinny>=3' 'databricks-sdk>=0.156'
(source "$work/sandbox.env"; "$work/mlflow/bin/python" mlflow_tracking.py)
# Our own SDK, as a program of somebody else would use it.
(source "$work/sandbox.env"; cargo run --quiet --package databricks-toolkit-tour) | tee "$work/tour.log"
for seen in 'is RUNNING' 'ended SUCCESS' ': 6 bytes' 'does not exist'; do grep -q "$seen" "$work/tour.log"; done
kill "$sandbox"; wait "$sandbox"; trap - EXIT

# The inspector wants a newer Node.js than many systems have; npm has one. The second install runs under it, since npm
# falls back to an old inspector under an old Node.js.
node=(npm install --silent --no-audit --no-fund --prefix "$work/node")
"${node[@]}" node@22 > /dev/null
export PATH="$work/node/node_modules/.bin:$PATH"
"${node[@]}" @modelcontextprotocol/inspector@2 > /dev/null
for era in "" "--protocol-era modern"; do
  # shellcheck disable=SC2086
  inspect() { mcp-inspector --cli $era "$binary" serve --sandbox "$@" > "$work/inspector.json"; }
  inspect --strict --method tools/list
  inspect --method tools/call --tool-name execute_sql --tool-arg 'statement=SELECT 1'
  grep -q SUCCEEDED "$work/inspector.json"
  echo "inspector --strict ${era:-(handshake era)}: tools listed and called, exit 0"
done

# The same over HTTP, with a token.
token=clients-token-of-http
DATABRICKS_MCP_HTTP_TOKEN=$token "$binary" serve --sandbox --http 0 > "$work/url" 2> "$work/http.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.1; done
url=$(cat "$work/url")
for client in mcp1 mcp2; do "$work/$client/bin/python" mcp_session.py "$url" "$token"; done
"$work/fastmcp/bin/python" fastmcp_session.py "$url" "$token"
for era in "" "--protocol-era modern"; do
  # shellcheck disable=SC2086
  inspect() { mcp-inspector --cli $era "$url" --header "Authorization: Bearer $token" "$@" > "$work/inspector.json"; }
  inspect --strict --method tools/list
  inspect --method tools/call --tool-name execute_sql --tool-arg 'statement=SELECT 1'
  grep -q SUCCEEDED "$work/inspector.json"
  inspect --method prompts/list
  grep -q debug_run "$work/inspector.json"
  inspect --method resources/read --uri databricks://table/samples.nyctaxi.trips
  grep -q fare_amount "$work/inspector.json"
  echo "inspector --strict ${era:-(handshake era)} over HTTP: tools listed and called, prompts, resources, exit 0"
done
kill "$server"; wait "$server"; trap - EXIT
! grep -q "$token" "$work/http.log"
