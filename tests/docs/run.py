#!/usr/bin/env python3
"""Runs every block of commands of the book as it is written, against the sandbox.

  tests/docs/run.py [BINARY [PAGE...]]     target/debug/databricks-mcp and docs/*.md unless given

The blocks of a page that are marked `sh` run one after the other with bash, in a folder and a home of the page's own, with the
settings of a sandbox in the environment. One that fails fails the test; so does one without the text that a comment after
the block names: <!-- expect: TEXT -->. The binary must have the sandbox.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```\n((?:<!-- expect: .*? -->\n?)*)", re.MULTILINE | re.DOTALL)
EXPECT = re.compile(r"<!-- expect: (.*?) -->")
LIMIT = 180


def blocks(page):
    """Line, commands and expected texts of each block."""
    text = page.read_text()
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1], EXPECT.findall(match[2])


def run(page, environment):
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        home, work = Path(folder, "home"), Path(folder, "work")
        home.mkdir()
        work.mkdir()
        for line, commands, expected in blocks(page):
            try:
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", commands], cwd=work, env={**environment, "HOME": str(home)},
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT,
                )
                code, said = done.returncode, done.stdout
            except subprocess.TimeoutExpired as error:
                code, said = f"none within {LIMIT} s", (error.stdout or b"").decode(errors="replace")
            missing = [text for text in expected if text not in said]
            if code == 0 and not missing:
                passed += 1
                continue
            failed += 1
            print(f"{page.relative_to(ROOT)}:{line}: exit code {code}, missing: {missing}\n{commands}---\n{said}\n")
    return passed, failed


def main():
    binary = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/databricks-mcp").resolve()
    pages = [Path(page).resolve() for page in sys.argv[2:]] or sorted((ROOT / "docs").glob("*.md"))
    pages = [page for page in pages if any(True for _ in blocks(page))]
    if not pages:
        sys.exit("no page has a block of commands: the pattern that finds them is wrong")
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(binary, Path(folder, "databricks-mcp"))
        path = f"{folder}:{os.environ.get('PATH', '/usr/bin:/bin')}"
        environment = {"PATH": path, "LANG": "C.UTF-8"}
        with subprocess.Popen([binary, "sandbox"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sandbox:
            try:
                for _ in range(2):
                    name, _, value = sandbox.stdout.readline().removeprefix("export ").strip().partition("=")
                    if not value:
                        sys.exit(f"{binary} does not start a sandbox: was it built with it?")
                    environment[name] = value
                for page in pages:
                    ok, bad = run(page, environment)
                    print(f"{page.name}: {ok} of {ok + bad} blocks")
                    passed, failed = passed + ok, failed + bad
            finally:
                sandbox.terminate()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
