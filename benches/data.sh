#!/usr/bin/env bash
# Results, files, batches and listings against the same work with bare reqwest and with the official Python packages.
# Arguments go to the program: `benches/data.sh results download --mb 200 --turns 3`; without any, all of it with 1 GB.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=target/data-python
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet 'databricks-sql-connector[pyarrow]==4.9.0' databricks-sdk==0.162.0
fi
cargo build --quiet --release --manifest-path benches/data/Cargo.toml
benches/data/target/release/data "$@" --python "$environment/bin/python"
