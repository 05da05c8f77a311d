#!/usr/bin/env bash
# Runs the official conformance suite against the server, over HTTP and in both eras of the protocol: all that a
# revision requires of a server has to pass, and nothing may be expected to fail. Installs what it needs below
# target/conformance. With arguments: only those revisions.
set -euo pipefail
cd "$(dirname "$0")/../.."
suite=@modelcontextprotocol/conformance@0.2.0-alpha.12
work=$PWD/target/conformance
mkdir -p "$work"

cargo build --quiet --workspace --example conformance
# The suite wants a newer Node.js than many systems have; npm has one.
install=(npm install --silent --no-audit --no-fund --prefix "$work")
"${install[@]}" node@22 > /dev/null
export PATH="$work/node_modules/.bin:$PATH"
"${install[@]}" "$suite" > /dev/null

"${CARGO_TARGET_DIR:-target}/debug/examples/conformance" > "$work/url" 2> "$work/server.log" &
server=$!
trap 'kill -INT "$server" 2>/dev/null || true' EXIT
for _ in $(seq 300); do [ -s "$work/url" ] && break; sleep 0.1; done
url=$(cat "$work/url")

failed=0
for revision in "${@:-2025-11-25 2026-07-28}"; do
  for revision in $revision; do
    rm -rf "$work/$revision"
    if ! node "$work/node_modules/@modelcontextprotocol/conformance/dist/index.js" server \
      --url "$url" --requirements "$revision" -o "$work/$revision" > "$work/$revision.log" 2>&1; then
      failed=1
      cat "$work/$revision.log"
    fi
    # What a revision requires, and beside it what the suite only reports: extensions and what is pending.
    node - "$work/$revision.log" "$revision" <<'JS' || failed=1
const log = require("fs").readFileSync(process.argv[2], "utf8");
const [summary, beside = ""] = log.slice(log.lastIndexOf("=== SUMMARY ===")).split("Not scored for");
const unscored = new Set([...beside.matchAll(/^ +[✓✗] (\S+) /gm)].map((m) => m[1]));
const all = [...summary.matchAll(/^([✓✗]) (\S+): (\d+) passed, (\d+) failed/gm)];
const scored = all.filter((m) => !unscored.has(m[2]));
const passed = scored.filter((m) => m[1] === "✓").length;
const checks = scored.reduce((sum, m) => sum + Number(m[3]), 0);
console.log(`conformance ${process.argv[3]}: ${passed} of ${scored.length} required scenarios pass, ${checks} checks`);
process.exit(scored.length > 0 && passed === scored.length ? 0 : 1);
JS
  done
done

# It ends well, too.
kill -INT "$server"
wait "$server"
trap - EXIT
exit "$failed"
