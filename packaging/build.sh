#!/usr/bin/env bash
# Builds the binary as it is packed, without the sandbox, and prints where it is. TARGET says for what platform.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${TARGET:-$(uname -m)-unknown-linux-musl}
rustup target add "$target" >&2
# Some of it is C, which needs nothing of a library: where musl's compiler is not there, that of the system does.
if [[ $target == *musl ]] && ! command -v musl-gcc >/dev/null; then
    export "CC_${target//-/_}=${CC:-cc}"
fi
cargo build --profile packed --no-default-features --features cli,data,http --target "$target" >&2
echo "${CARGO_TARGET_DIR:-$PWD/target}/$target/packed/databricks-mcp"
