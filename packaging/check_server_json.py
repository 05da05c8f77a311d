#!/usr/bin/env python3
"""Checks server.json by the rules of the MCP registry's schema (2025-12-11), whose file no package carries."""

import json
import re
import sys
from pathlib import Path

path = Path(sys.argv[1])
server = json.loads(path.read_text())
wrong = []


def must(holds, what):
    if not holds:
        wrong.append(what)


def members(thing, where, required, optional):
    for name in required - thing.keys():
        wrong.append(f"{where} lacks {name}")
    for name in thing.keys() - required - optional:
        wrong.append(f"{where} has {name}, which the schema does not know")


members(
    server, "server", {"name", "description", "version"},
    {"$schema", "title", "repository", "packages", "remotes", "websiteUrl", "icons", "_meta"},
)
must(re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"]) and 3 <= len(server["name"]) <= 200, "name")
must(1 <= len(server["description"]) <= 100, f"description has {len(server['description'])} characters, at most 100 fit")
must(1 <= len(server.get("title", "x")) <= 100, "title")
must(len(server["version"]) <= 255 and not re.search(r"[\^~*<>=|]|latest", server["version"]), "version is a range")
members(server["repository"], "repository", {"url", "source"}, {"id", "subfolder"})
for index, package in enumerate(server["packages"]):
    where = f"packages[{index}]"
    members(
        package, where, {"registryType", "identifier", "transport"},
        {"registryBaseUrl", "version", "fileSha256", "runtimeHint", "runtimeArguments", "packageArguments", "environmentVariables"},
    )
    must(package["registryType"] in {"npm", "pypi", "oci", "nuget", "mcpb"}, f"{where}: registryType")
    must(package["transport"] == {"type": "stdio"}, f"{where}: transport")
    if package["registryType"] == "mcpb":
        must(re.fullmatch(r"[a-f0-9]{64}", package.get("fileSha256", "")), f"{where}: fileSha256 is needed for mcpb")
        must(package["identifier"].startswith("https://github.com/") and "mcp" in package["identifier"], f"{where}: identifier")
    else:
        must(package.get("version") == server["version"], f"{where}: version is another than the server's")
    for argument in package.get("packageArguments", []):
        members(argument, f"{where}: an argument", {"type"}, {"value", "valueHint", "name", "description", "isRequired", "default"})
        must(argument["type"] in {"positional", "named"} and ("value" in argument or "valueHint" in argument), f"{where}: argument")
    for variable in package.get("environmentVariables", []):
        members(
            variable, f"{where}: a variable", {"name"},
            {"description", "isRequired", "isSecret", "format", "default", "value", "choices", "placeholder", "variables"},
        )
        must(variable.get("format", "string") in {"string", "number", "boolean", "filepath"}, f"{where}: {variable['name']}")
        must("value" not in variable or not variable.get("isSecret"), f"{where}: {variable['name']} has a secret in it")
if wrong:
    sys.exit(f"{path}: " + "; ".join(wrong))
print(f"ok: {server['name']} {server['version']} with {len(server['packages'])} packages")
