#!/usr/bin/env bash
# Makes a release: sets the version, dates the changelog, checks that everything can be packed, commits and tags. Pushing the tag
# starts .github/workflows/release.yml, which builds for all platforms and publishes.
#
#   packaging/release.sh VERSION             on a clean main
#   packaging/release.sh VERSION --dry-run   the same in a copy, which is thrown away: nothing here changes
#
# SKIP_BUILD=1 leaves out what compiles: the crates' own check, the binary and the packages of it.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?usage: packaging/release.sh VERSION [--dry-run]}
dry_run=${2:-}
fail() { echo "error: $*" >&2; exit 1; }
step() { printf '\n=== %s\n' "$1"; }

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "\`$version\` is not a version such as 0.2.0"
[[ -z $dry_run || $dry_run == --dry-run ]] || fail "\`$dry_run\` is not an option; there is --dry-run"
git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null && fail "there is a tag v$version already"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
# Each crate after those it needs.
crates=(databricks-toolkit-spec databricks-toolkit-macros databricks-sandbox databricks-toolkit)
repository=${REPOSITORY:-$(git remote get-url origin 2>/dev/null | sed -E 's#^git@github\.com:#https://github.com/#; s#\.git$##' || true)}
[[ $repository == https://github.com/*/* ]] || {
    [[ -n $dry_run ]] || fail "the remote origin is not on GitHub: set REPOSITORY=https://github.com/OWNER/NAME"
    repository=https://github.com/OWNER/databricks-toolkit
}

if [[ -n $dry_run ]]; then
    copy=$(mktemp -d)
    git worktree add --quiet --detach "$copy/tree"
    root=$PWD
    trap 'git -C "$root" worktree remove --force "$copy/tree"; rm -rf "$copy"' EXIT
    cd "$copy/tree"
else
    [[ $(git branch --show-current) == main ]] || fail "releases are made on main"
    [[ -z $(git status --porcelain) ]] || fail "there are changes that are not committed"
fi

step "version and changelog"
python3 - "$version" <<'PYTHON'
import datetime, pathlib, re, sys

version = sys.argv[1]
before = re.search(r'(?m)^version = "(.+)"$', pathlib.Path("Cargo.toml").read_text())[1]
for path in [pathlib.Path("Cargo.toml"), *pathlib.Path("codegen").glob("*/Cargo.toml"), pathlib.Path("sandbox/Cargo.toml")]:
    text = path.read_text()
    text = re.sub(r'(?m)^version = "%s"$' % re.escape(before), f'version = "{version}"', text)
    text = re.sub(r'(databricks-[a-z-]+ = \{ version = )"%s"' % re.escape(before), rf'\g<1>"{version}"', text)
    path.write_text(text)
log = pathlib.Path("CHANGELOG.md")
text, found = re.subn(r"(?mi)^## \[?unreleased\]?\s*$", f"## Unreleased\n\n## {version} ({datetime.date.today()})", log.read_text())
if not found:
    sys.exit("error: CHANGELOG.md has no section `## Unreleased`")
log.write_text(text)
print(f"{before} -> {version}")
PYTHON
cargo update --workspace --quiet
git diff --stat

step "crates"
packages=()
for crate in "${crates[@]}"; do packages+=(--package "$crate"); done
cargo package --quiet --allow-dirty ${SKIP_BUILD:+--no-verify} "${packages[@]}"
for crate in "${crates[@]}"; do
    size=$(stat --format %s "$CARGO_TARGET_DIR/package/$crate-$version.crate")
    echo "$crate-$version.crate: $size bytes"
    # What crates.io takes.
    ((size < 10 * 1024 * 1024)) || fail "$crate is too large for crates.io"
done

if [[ -z ${SKIP_BUILD:-} ]]; then
    step "packages of this platform"
    target=${TARGET:-x86_64-unknown-linux-musl}
    binary=$(TARGET=$target packaging/build.sh)
    size=$(stat --format %s "$binary")
    echo "databricks-mcp for $target: $size bytes"
    ((size <= 25 * 1000 * 1000)) || fail "the binary is larger than 25 MB"
    packaging/pack.py "$version" --repository "$repository" --out "$CARGO_TARGET_DIR/dist" "$target=$binary"
    packaging/test.sh "$CARGO_TARGET_DIR/dist"
fi

if [[ -n $dry_run ]]; then
    step "dry run: nothing is committed, tagged or published"
    exit
fi
step "commit and tag"
git commit --quiet --all --message "Release $version"
git tag --annotate "v$version" --message "Release $version"
echo "Push it: git push origin main v$version"
