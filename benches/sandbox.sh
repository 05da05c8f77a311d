#!/usr/bin/env bash
# Measures the sandbox: start to the first answer, TPC-H through the statements API over DataFusion called directly, and a
# listing of 10,000 jobs over the client's own time.
#
#   benches/sandbox.sh                 all of it, at scale factor 1 (needs 3 GB of memory and of disk)
#   SCALE=0.1 benches/sandbox.sh tpch  a part
#
# Prints each figure beside its limit, and ends with 1 where one is missed.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --quiet --release --package databricks-sandbox --example measure -- "$@"
