#!/usr/bin/env bash
# Measures the start of the binary as it is packed, from the process to the answer of tools/list, and what it holds in memory then.
#
#   benches/start.sh                                   builds one without the embedded workspace
#   OURS=path/to/databricks-mcp benches/start.sh       a binary that is there already
set -euo pipefail
cd "$(dirname "$0")/.."

ours=${OURS:-}
if [[ -z $ours ]]; then
    cargo build --profile packed --no-default-features --features cli
    ours=target/packed/databricks-mcp
fi
table=$(ls -t target/packed/build/databricks-toolkit-*/out/o200k.bin 2>/dev/null | head -n 1 || true)
echo "the binary: $(stat --format %s "$ours") bytes${table:+, of which the table that counts tokens: $(stat --format %s "$table")}"
exec python3 benches/peers/start.py "default=$(realpath "$ours") serve" "all tools=$(realpath "$ours") serve --toolsets all"
