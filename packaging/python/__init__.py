"""Starts the binary that this package carries."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

NAME = "databricks-mcp.exe" if os.name == "nt" else "databricks-mcp"


def binary() -> Path:
    """The binary among the scripts of this environment."""
    user = sysconfig.get_path("scripts", f"{os.name}_user")
    folders = [Path(sys.argv[0]).resolve().parent, Path(sysconfig.get_path("scripts")), Path(user)]
    # `pip install --target` puts scripts beside the packages.
    folders.append(Path(__file__).resolve().parent.parent / "bin")
    for folder in folders:
        if (folder / NAME).is_file():
            return folder / NAME
    sys.exit(f"databricks-toolkit-mcp: {NAME} is not among {', '.join(map(str, folders))}: install the package again")


def main() -> None:
    """Becomes the binary; on Windows, which cannot, runs it."""
    environment = dict(os.environ)
    # What uvx runs lies in a cache that comes and goes: `setup` writes uvx in the place of its path.
    if "archive-v0" in Path(sys.prefix).parts:
        environment.setdefault("DATABRICKS_MCP_LAUNCHER", "uvx databricks-toolkit-mcp")
    program = str(binary())
    if os.name == "nt":
        sys.exit(subprocess.run([program, *sys.argv[1:]], env=environment, check=False).returncode)
    os.execve(program, [program, *sys.argv[1:]], environment)
