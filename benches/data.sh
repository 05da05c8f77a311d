#!/usr/bin/env bash
# Results, files, batches and listings against the same work with bare reqwest. Arguments go to the program:
# `benches/data.sh results download --mb 200 --turns 3`; without any, all of it with 1 GB.
set -euo pipefail
cd "$(dirname "$0")"
exec cargo run --quiet --release --manifest-path data/Cargo.toml -- "$@"
