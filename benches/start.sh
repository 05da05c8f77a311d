#!/usr/bin/env bash
# Measures the start of the binary as it is packed, from the process to the answer of tools/list, and what it holds in memory then.
#
#   benches/start.sh                                   builds it as it is packed for Linux
#   OURS=path/to/databricks-mcp benches/start.sh       a binary that is there already
set -euo pipefail
cd "$(dirname "$0")/.."

ours=${OURS:-$(packaging/build.sh)}
echo "the binary: $(stat --format %s "$ours") bytes"
exec python3 benches/peers/start.py "default=$(realpath "$ours") serve" "all tools=$(realpath "$ours") serve --toolsets all"
