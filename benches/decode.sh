#!/usr/bin/env bash
# Runs the decode benchmark with the official SDK in a temporary environment: see decode/src/main.rs.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet databricks-sdk==0.156.0
cargo build --release --manifest-path benches/decode/Cargo.toml --target-dir target/decode
target/decode/release/databricks-toolkit-decode-benchmark "$environment/bin/python"
