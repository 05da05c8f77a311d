#!/usr/bin/env bash
# Installs what packaging/pack.py packed the way a user does, and gets an answer from it: from the archive, from npm, from pip, and
# as an MCPB bundle. Needs Node and Python; nothing is fetched but the mcpb tool. Takes the packages of this machine's platform.
#
#   packaging/test.sh [DIST]
set -euo pipefail
cd "$(dirname "$0")/.."

dist=$(realpath "${1:-target/dist}")
case "$(uname -sm)" in
    "Linux x86_64") target=x86_64-unknown-linux-musl ;;
    "Linux aarch64") target=aarch64-unknown-linux-musl ;;
    "Darwin x86_64") target=x86_64-apple-darwin ;;
    "Darwin arm64") target=aarch64-apple-darwin ;;
    *) echo "no packages are tested on $(uname -sm)" >&2; exit 1 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home"

step() { printf '\n=== %s\n' "$1"; }

# An MCP session of three messages with the command, which must name its tools.
session() {
    local asked answered
    asked='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"0"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/list"}'
    # The input stays open until the answer is there: its end stops the server.
    answered=$({ printf '%s\n' "$asked"; sleep 3; } |
        env -i PATH="$PATH" HOME="$work/home" DATABRICKS_HOST=http://127.0.0.1:9 DATABRICKS_TOKEN=x timeout 60 "$@")
    grep -q '"name":"execute_sql"' <<<"$answered" || { echo "no tools from: $*"; echo "$answered"; exit 1; }
    echo "ok: tools/list from: $*"
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

step "checksums"
(cd "$dist" && sha256sum --check --quiet SHA256SUMS && wc -l <SHA256SUMS)

step "archive"
tar -xzf "$dist/databricks-mcp-$version-$target.tar.gz" -C "$work"
folder="$work/databricks-mcp-$version-$target"
test -s "$folder/man/databricks-mcp-setup.1" && test -s "$folder/completions/databricks-mcp.bash"
test "$("$folder/databricks-mcp" --version)" = "databricks-mcp $version"
session "$folder/databricks-mcp" serve

step "npm"
mkdir "$work/npm"
(
    cd "$work/npm"
    echo '{"private": true}' >package.json
    # The registry does not have them yet: both come from files.
    platform=$(ls "$dist"/npm/databricks-toolkit-mcp-*-*-"$version".tgz | while read -r file; do
        tar -xzOf "$file" package/package.json | node -e '
            const it = JSON.parse(require("fs").readFileSync(0));
            process.exit(it.os[0] === process.platform && it.cpu[0] === process.arch ? 0 : 1)' && echo "$file"
    done || true)
    npm install --offline --no-fund --no-audit --omit=optional "$dist/npm/databricks-toolkit-mcp-$version.tgz" "$platform" >/dev/null
    test "$(npx --no-install databricks-toolkit-mcp --version)" = "databricks-mcp $version"
    HOME="$work/home" npx --no-install databricks-toolkit-mcp setup cursor --print | grep -q '"command": "npx"'
)
session "$work/npm/node_modules/.bin/databricks-mcp" serve
"$work/npm/node_modules/.bin/databricks-mcp" no-such-command 2>/dev/null && exit 1
test $? -eq 2 || { echo "the launcher loses the exit code"; exit 1; }

step "pip"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-index --find-links "$dist/wheels" databricks-toolkit-mcp
test "$("$work/venv/bin/databricks-mcp" --version)" = "databricks-mcp $version"
session "$work/venv/bin/databricks-mcp" serve
session "$work/venv/bin/databricks-toolkit-mcp" serve
session "$work/venv/bin/python" -m databricks_toolkit_mcp serve

step "mcpb"
mkdir "$work/mcpb" "$work/bundle"
(cd "$work/mcpb" && echo '{"private": true}' >package.json && npm install --no-fund --no-audit @anthropic-ai/mcpb@2 >/dev/null)
mcpb="$work/mcpb/node_modules/.bin/mcpb"
"$mcpb" unpack "$dist/databricks-mcp-$version-$target.mcpb" "$work/bundle" >/dev/null
"$mcpb" validate "$work/bundle/manifest.json"
"$mcpb" pack "$work/bundle" "$work/again.mcpb" >/dev/null
chmod +x "$work/bundle/server/databricks-mcp"
session "$work/bundle/server/databricks-mcp" serve

step "server.json"
python3 packaging/check_server_json.py "$dist/server.json"

step "done"
