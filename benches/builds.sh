#!/usr/bin/env bash
# Prints what importing, generating and compiling cost, a line a figure: name, value, limit, ok or OVER.
# Ends with 1 if one is over. Works on a copy of the tree in a temporary folder, which it removes.
#
#   benches/builds.sh                    all figures
#   benches/builds.sh import generate    these: import generate full touch jobs peer
#
# WHEEL=… is a wheel of databricks-sdk; without it pip downloads the one that openapi/lock.json names.
# What has to be downloaded is downloaded before a clock starts.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_INCREMENTAL CARGO_BUILD_TARGET
export CARGO_TERM_COLOR=never

mkdir "$work/tree"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do if test -e "$file"; then printf '%s\0' "$file"; fi; done |
    tar --create --null --files-from - | tar --extract --directory "$work/tree"
cd "$work/tree"
over=0

# Runs a command and leaves in $seconds how long it took and in $gigabytes what its largest process held.
measure() {
    python3 - "$@" <<'PYTHON' >"$work/measured" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
seconds = time.monotonic() - start
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(f"{seconds:.1f} {largest * (1 if sys.platform == 'darwin' else 1024) / 1e9:.2f}")
PYTHON
    read -r seconds gigabytes <"$work/measured"
}

# say NAME VALUE UNIT [LIMIT]
say() {
    local verdict=""
    if test $# -eq 4; then
        verdict=$(awk -v value="$2" -v limit="$4" 'BEGIN { print value <= limit ? "ok" : "OVER" }')
    fi
    printf '%-46s %8s %-2s  %8s  %s\n' "$1" "$2" "$3" "${4:--}" "$verdict"
    if test "$verdict" = OVER; then over=1; fi
}

quietly() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

generators() {
    quietly cargo build --release --target-dir "$work/release" -p databricks-toolkit-import -p databricks-toolkit-spec --examples
}

import() {
    generators
    if test -z "${WHEEL:-}"; then
        local version
        version=$(python3 -c 'import json; print(json.load(open("openapi/lock.json"))["source"]["version"])')
        quietly python3 -m pip download --no-deps --dest "$work/wheel" "databricks-sdk==$version"
        WHEEL=$(echo "$work"/wheel/*.whl)
    fi
    "$work/release/release/examples/import" "$WHEEL" "$work/documents" >"$work/log"
    say "import of a wheel to documents" "$(sed -n 's/^import: \(.*\) s$/\1/p' "$work/log")" s 3
}

generate() {
    generators
    mkdir -p "$work/generated"
    # One document after another, each in a process of its own; build.rs does as many at a time as there are processors.
    # shellcheck disable=SC2016 # what is in quotes is for the inner shell
    measure bash -c '
        for document in openapi/*.json; do
            name=$(basename "$document" .json)
            test "$name" = lock || "$0" openapi "$name" >"$1/$name.rs" || exit 1
        done' "$work/release/release/examples/generate" "$work/generated"
    say "all documents to refined Rust" "$seconds" s 10
    say "  lines of it" "$(cat "$work"/generated/*.rs | wc -l)" ""
}

full() {
    local check=(cargo check --quiet --offline --no-default-features --features full --target-dir "$work/full")
    quietly cargo fetch
    measure "${check[@]}"
    say "cargo check, full, empty target folder" "$seconds" s 240
    say "  its largest process" "$gigabytes" GB 6

    local before
    before=$(generated_at full)
    touch src/client.rs
    measure "${check[@]}"
    say "cargo check, full, src/client.rs touched" "$seconds" s
    say "  build.rs ran again, times" "$(test "$before" = "$(generated_at full)" && echo 0 || echo 1)" "" 0

    touch openapi/jobs.json
    measure "${check[@]}"
    say "cargo check, full, a document touched" "$seconds" s 240
    say "  its largest process" "$gigabytes" GB 6
    # The proof above is worth nothing if it cannot fail.
    test "$before" != "$(generated_at full)" || { echo "build.rs did not see its document touched" >&2; exit 1; }
}

# What a maintainer waits for: the services of the curated tools, with a file in src/ touched.
touch_() {
    local check=(cargo check --quiet --offline --no-default-features --features cli --target-dir "$work/touch")
    quietly cargo fetch
    quietly "${check[@]}"
    # The first time after it writes what the next one reads.
    touch src/client.rs
    quietly "${check[@]}"
    local before
    before=$(generated_at touch)
    touch src/client.rs
    measure "${check[@]}"
    say "cargo check, default services, client.rs touched" "$seconds" s 8
    say "  build.rs ran again, times" "$(test "$before" = "$(generated_at touch)" && echo 0 || echo 1)" "" 0
}

# generated_at FOLDER: when build.rs wrote last.
generated_at() {
    local written=("$work/$1"/debug/build/databricks-toolkit-*/out/services.rs)
    test ${#written[@]} -eq 1 && python3 -c 'import os, sys; print(os.stat(sys.argv[1]).st_mtime_ns)' "${written[0]}"
}

# depend NAME DEPENDENCY: builds a new crate that has this dependency only.
depend() {
    mkdir -p "$work/$1/src"
    printf '[package]\nname = "%s"\nedition = "2024"\n\n[dependencies]\n%s\n\n[workspace]\n' "$1" "$2" >"$work/$1/Cargo.toml"
    touch "$work/$1/src/lib.rs"
    quietly cargo fetch --manifest-path "$work/$1/Cargo.toml"
    measure cargo build --quiet --offline --manifest-path "$work/$1/Cargo.toml" --target-dir "$work/$1/target"
    rm -r "$work/$1/target"
}

jobs() {
    depend of-jobs "databricks-toolkit = { path = \"$work/tree\", default-features = false, features = [\"jobs\"] }"
    say "a new crate with jobs, clean" "$seconds" s 80
}

peer() {
    depend of-peer 'community-databricks-sdk = { version = "=0.1.2", default-features = false, features = ["jobs"] }'
    say "a new crate with community-databricks-sdk's jobs" "$seconds" s
}

load() { uptime | sed 's/.*load average/load average/'; }

figures=("$@")
if test $# -eq 0; then figures=(import generate full touch jobs peer); fi
for figure in "${figures[@]}"; do
    case $figure in
        import | generate | full | touch | jobs | peer) ;;
        *) echo "no figure is called $figure; there are: import generate full touch jobs peer" >&2; exit 2 ;;
    esac
done

echo "$(rustc --version), $(getconf _NPROCESSORS_ONLN) processors, $(load)"
printf '%-46s %11s  %8s\n' "" value limit
for figure in "${figures[@]}"; do
    # `touch` is a program too.
    case $figure in touch) touch_ ;; *) "$figure" ;; esac
done
echo "$(load) at the end"
exit "$over"
