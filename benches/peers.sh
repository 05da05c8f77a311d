#!/usr/bin/env bash
# Measures this server and others of PyPI side by side, and prints a table: start, memory, size of the list of tools, and a call.
#
#   benches/peers.sh
#   OURS=path/to/databricks-mcp benches/peers.sh       a binary that is there already
#   PEERS="databricks-mcp-server" benches/peers.sh     some of them, or none: PEERS=""
#
# Then it prints what we claim beside its limit, and ends with 1 where one is missed.
#
# Peers are installed below target/peers, each into an environment of its own, at the versions named here. `mcp<2` is asked for
# where a peer does not: the second version of that library came after them.
set -euo pipefail
cd "$(dirname "$0")/.."

all="databricks-mcp-server==0.4.4 databricks-mcp-genie==1.0.0 databricks-sdk-mcp==0.1.0 databricks-advanced-mcp==0.0.7"
peers=${PEERS-$all}
folder=$PWD/target/peers
mkdir -p "$folder"

ours=${OURS:-$(packaging/build.sh)}
size=$(stat --format %s "$ours")
fits=ok
((size <= 25000000)) || fits=MISSED
echo "our binary: $((size / 1000000)).$((size / 100000 % 10)) MB (at most 25 without the sandbox) $fits"
if [[ -z ${BARE:-} ]]; then
    cargo build --quiet --release --manifest-path benches/peers/bare/Cargo.toml --target-dir target/peers/bare
    export BARE=$PWD/target/peers/bare/release/bare
fi
contenders=("ours=$(realpath "$ours") serve" "ours, all tools=$(realpath "$ours") serve --toolsets all")

for peer in $peers; do
    name=${peer%%==*}
    if [[ ! -x $folder/$name/bin/python ]]; then
        python3 -m venv "$folder/$name"
        "$folder/$name/bin/pip" install --quiet --disable-pip-version-check "$peer" 'mcp<2'
    fi
    program=$("$folder/$name/bin/python" - "$name" <<'PYTHON'
import importlib.metadata, sys
scripts = [it.name for it in importlib.metadata.distribution(sys.argv[1]).entry_points if it.group == "console_scripts"]
fits = [lambda it: it == sys.argv[1], lambda it: it.endswith("server"), lambda it: True]
print(next((it for fit in fits for it in scripts if fit(it)), ""))
PYTHON
)
    contenders+=("peer:${peer/==/ }=$folder/$name/bin/$program")
done
python3 benches/peers/measure.py "${contenders[@]}"
[[ $fits == ok ]]
