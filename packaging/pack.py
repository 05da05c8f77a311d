#!/usr/bin/env python3
"""Packs built binaries for all the places where people look for them. Needs Python 3.9 and nothing else.

  packaging/pack.py VERSION --repository URL [--out DIR] TARGET=BINARY...

    packaging/pack.py 0.1.0 --repository https://github.com/me/databricks-toolkit \\
        x86_64-unknown-linux-musl=target/x86_64-unknown-linux-musl/packed/databricks-mcp

Writes into DIR (target/dist): an archive a target with manual and completions, npm packages, wheels, MCPB bundles, server.json,
the Homebrew formula, and SHA256SUMS over all of them. One of the binaries must run on this machine: it writes the manual.
"""

import argparse
import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGE = "databricks-toolkit-mcp"
LICENCES = ["LICENSE-APACHE", "LICENSE-MIT", "NOTICE"]
SHELLS = ["bash", "zsh", "fish", "powershell", "elvish"]
# What is packed twice is the same file twice.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1767225600"))


@dataclass(frozen=True)
class Target:
    """What each registry calls a platform."""

    npm: tuple
    wheel: str
    mcpb: str

    @property
    def binary(self):
        return "databricks-mcp.exe" if self.mcpb == "win32" else "databricks-mcp"

    @property
    def npm_name(self):
        return f"{PACKAGE}-{self.npm[0]}-{self.npm[1]}"


TARGETS = {
    "x86_64-unknown-linux-musl": Target(
        ("linux", "x64"), "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64", "linux"
    ),
    "aarch64-unknown-linux-musl": Target(
        ("linux", "arm64"), "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64", "linux"
    ),
    "x86_64-apple-darwin": Target(("darwin", "x64"), "macosx_10_12_x86_64", "darwin"),
    "aarch64-apple-darwin": Target(("darwin", "arm64"), "macosx_11_0_arm64", "darwin"),
    "x86_64-pc-windows-msvc": Target(("win32", "x64"), "win_amd64", "win32"),
    "aarch64-pc-windows-msvc": Target(("win32", "arm64"), "win_arm64", "win32"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--repository", required=True, help="address of the repository, https://github.com/OWNER/NAME")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "dist")
    parser.add_argument("binaries", nargs="+", metavar="TARGET=BINARY")
    given = parser.parse_args()
    match = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", given.repository)
    if not match:
        parser.error(f"--repository {given.repository!r} is not https://github.com/OWNER/NAME")
    binaries = {}
    for pair in given.binaries:
        target, _, path = pair.partition("=")
        if target not in TARGETS:
            parser.error(f"there is no target {target!r}; there are {', '.join(TARGETS)}")
        binaries[target] = Path(path)
    for target, path in binaries.items():
        check(target, path)
    names = {
        "{version}": given.version,
        "{repository}": given.repository,
        "{server}": f"io.github.{match[1]}/{match[2]}",
    }
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        papers = documents(Path(folder), binaries, given.version)
        for target, path in binaries.items():
            archive(given.out, target, path, papers, given.version)
            npm_platform(given.out, target, path, names)
            wheel(given.out, target, path, names)
            bundle(given.out, target, path, names)
    npm_launcher(given.out, binaries, names)
    server_json(given.out, binaries, names)
    formula(given.out, binaries, names)
    sums(given.out)


def check(target, path):
    """That a binary is what it is said to be: a wrong one is found by users otherwise."""
    data = path.read_bytes()
    magic = {"linux": b"\x7fELF", "darwin": b"\xcf\xfa\xed\xfe", "win32": b"MZ"}[TARGETS[target].mcpb]
    if not data.startswith(magic):
        sys.exit(f"{path} is not a binary of {target}")
    if TARGETS[target].mcpb == "linux":
        machine = int.from_bytes(data[18:20], "little")
        if machine != {"x86_64": 62, "aarch64": 183}[target.split("-")[0]]:
            sys.exit(f"{path} is for another processor than {target}")
        # A program header of type 3 names the loader that a static binary does not have.
        offset, size, count = (int.from_bytes(data[at : at + n], "little") for at, n in ((32, 8), (54, 2), (56, 2)))
        if any(data[offset + size * i : offset + size * i + 4] == b"\x03\0\0\0" for i in range(count)):
            sys.exit(f"{path} is not static: build it for {target}")


def documents(folder, binaries, version):
    """Manual and completions, as the binary that runs here writes them."""
    for path in binaries.values():
        path.chmod(path.stat().st_mode | 0o755)
        try:
            said = subprocess.run([path.resolve(), "--version"], capture_output=True, text=True, check=True).stdout
        except OSError:
            continue
        if said.split() != ["databricks-mcp", version]:
            sys.exit(f"{path} says it is {said.strip()!r}, not version {version}")
        subprocess.run([path.resolve(), "man", folder / "man"], check=True)
        (folder / "completions").mkdir()
        for shell in SHELLS:
            script = subprocess.run([path.resolve(), "completions", shell], capture_output=True, check=True).stdout
            (folder / "completions" / f"databricks-mcp.{shell}").write_bytes(script)
        return sorted(file for file in folder.rglob("*") if file.is_file()), folder
    sys.exit("none of the binaries runs on this machine, so that none can write the manual")


def filled(text, names):
    for mark, value in names.items():
        text = text.replace(mark, value)
    return text


def template(path, names):
    return filled((HERE / path).read_text(), names)


def written(path, files):
    """An archive of (name, bytes, is executable), the same whenever it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith((".tar.gz", ".tgz")):
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, data, runs in files:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(data), EPOCH, 0o755 if runs else 0o644
                tar.addfile(entry, io.BytesIO(data))
        path.write_bytes(gzip.compress(raw.getvalue(), mtime=0))
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive_file:
        for name, data, runs in files:
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            archive_file.writestr(entry, data)


def licences(prefix=""):
    return [(prefix + name, (ROOT / name).read_bytes(), False) for name in LICENCES]


def archive_name(target, version):
    return f"databricks-mcp-{version}-{target}." + ("zip" if "windows" in target else "tar.gz")


def archive(out, target, binary, papers, version):
    files, folder = papers
    root = f"databricks-mcp-{version}-{target}/"
    packed = [(root + TARGETS[target].binary, binary.read_bytes(), True)]
    packed += [(root + str(file.relative_to(folder).as_posix()), file.read_bytes(), False) for file in files]
    packed += [(root + "README.md", (ROOT / "README.md").read_bytes(), False)] + licences(root)
    written(out / archive_name(target, version), packed)


def npm(out, manifest, files):
    manifest["files"] = sorted({name.split("/")[0] for name, _, _ in files})
    data = json.dumps(manifest, indent=2).encode() + b"\n"
    packed = [("package/package.json", data, False)]
    packed += [("package/" + name, data, runs) for name, data, runs in files]
    written(out / "npm" / f"{manifest['name']}-{manifest['version']}.tgz", packed)


def npm_common(name, names):
    repository = {"type": "git", "url": f"git+{names['{repository}']}.git"}
    return {"name": name, "version": names["{version}"], "license": "MIT OR Apache-2.0", "repository": repository}


def npm_platform(out, target, binary, names):
    facts = TARGETS[target]
    manifest = npm_common(facts.npm_name, names)
    manifest["description"] = f"The binary of {PACKAGE} for {facts.npm[0]} on {facts.npm[1]}"
    manifest["os"], manifest["cpu"] = [facts.npm[0]], [facts.npm[1]]
    files = [(f"bin/{facts.binary}", binary.read_bytes(), True)] + licences()
    npm(out, manifest, files)


def npm_launcher(out, binaries, names):
    manifest = npm_common(PACKAGE, names)
    manifest["description"] = "Tools for a Databricks workspace, as an MCP server and on the command line"
    manifest["keywords"] = ["databricks", "mcp", "sql", "spark"]
    # The registry of MCP servers asks for the proof that package and server are of one owner.
    manifest["mcpName"] = names["{server}"]
    manifest["bin"] = {PACKAGE: "run.js", "databricks-mcp": "run.js"}
    manifest["engines"] = {"node": ">=18"}
    manifest["optionalDependencies"] = {TARGETS[target].npm_name: names["{version}"] for target in binaries}
    files = [(name, (HERE / "npm" / name).read_bytes(), name == "run.js") for name in ("run.js", "README.md")]
    npm(out, manifest, files + licences())


def wheel(out, target, binary, names):
    facts, version = TARGETS[target], names["{version}"]
    module = PACKAGE.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {PACKAGE}",
        f"Version: {version}",
        "Summary: Tools for a Databricks workspace, as an MCP server and on the command line",
        "License: MIT OR Apache-2.0",
        f"Project-URL: Source, {names['{repository}']}",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
        "",
        (HERE / "python" / "README.md").read_text(),
        f"<!-- mcp-name: {names['{server}']} -->\n",
    ]
    tags = [f"Tag: py3-none-{tag}" for tag in facts.wheel.split(".")]
    about = ["Wheel-Version: 1.0", "Generator: packaging/pack.py", "Root-Is-Purelib: false", *tags]
    files = [
        (f"{module}/__init__.py", (HERE / "python" / "__init__.py").read_bytes(), False),
        (f"{module}/__main__.py", b"from . import main\n\nmain()\n", False),
        (f"{module}-{version}.data/scripts/{facts.binary}", binary.read_bytes(), True),
        (f"{info}/METADATA", "\n".join(metadata).encode(), False),
        (f"{info}/WHEEL", ("\n".join(about) + "\n").encode(), False),
        (f"{info}/entry_points.txt", f"[console_scripts]\n{PACKAGE} = {module}:main\n".encode(), False),
        *licences(f"{info}/licenses/"),
    ]
    lines = []
    for name, data, _ in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    lines.append(f"{info}/RECORD,,")
    files.append((f"{info}/RECORD", ("\n".join(lines) + "\n").encode(), False))
    written(out / "wheels" / f"{module}-{version}-py3-none-{facts.wheel}.whl", files)


def bundle(out, target, binary, names):
    facts = TARGETS[target]
    more = {"{binary}": facts.binary, "{platform}": facts.mcpb}
    manifest = template("mcpb/manifest.json", {**names, **more})
    files = [("manifest.json", manifest.encode(), False), (f"server/{facts.binary}", binary.read_bytes(), True)]
    written(out / bundle_name(target, names), files + licences())


def bundle_name(target, names):
    return f"databricks-mcp-{names['{version}']}-{target}.mcpb"


def address(names, file):
    return f"{names['{repository}']}/releases/download/v{names['{version}']}/{file}"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def server_json(out, binaries, names):
    described = json.loads(template("server.json", names))
    variables = [
        {"name": "DATABRICKS_CONFIG_PROFILE", "description": "A profile of ~/.databrickscfg, in the place of the others"},
        {"name": "DATABRICKS_HOST", "description": "Address of the workspace", "format": "string"},
        {"name": "DATABRICKS_TOKEN", "description": "A personal access token", "isSecret": True},
        {"name": "DATABRICKS_MCP_TOOLSETS", "description": "Toolsets to have, such as sql,jobs"},
        {"name": "DATABRICKS_MCP_READ_ONLY", "description": "true to have only tools that read", "format": "boolean"},
    ]
    for target in binaries:
        file = bundle_name(target, names)
        package = {"registryType": "mcpb", "identifier": address(names, file), "fileSha256": digest(out / file)}
        described["packages"].append({**package, "transport": {"type": "stdio"}})
    for package in described["packages"]:
        if "environmentVariables" in package:
            package["environmentVariables"] = variables
    (out / "server.json").write_text(json.dumps(described, indent=2) + "\n")


def formula(out, binaries, names):
    text = template("homebrew/databricks-mcp.rb", names)
    for target in binaries:
        file = archive_name(target, names["{version}"])
        text = text.replace(f"{{url:{target}}}", address(names, file)).replace(f"{{sha256:{target}}}", digest(out / file))
    missing = sorted(set(re.findall(r"\{url:([^}]+)\}", text)))
    if missing:
        # A formula with a hole would install nothing on that machine.
        print(f"no Homebrew formula: it needs {', '.join(missing)} as well")
        return
    (out / "databricks-mcp.rb").write_text(text)


def sums(out):
    files = sorted(file for file in out.rglob("*") if file.is_file())
    lines = [f"{digest(file)}  {file.relative_to(out).as_posix()}" for file in files]
    (out / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    for file in files:
        print(f"{file.stat().st_size:>12}  {file.relative_to(out).as_posix()}")


main()
