"""Do a tool's name, title and description lead to it? Prompts of people, ranked by an embedding, offline.

    tests/tool_choice/run.sh [BINARY] [--misses] [--words FILE]

Over the default list (the prompts whose tool is in it) and over all toolsets. Exits 1 where fewer than 95 % of
prompts.tsv have their tool among the first three. held_out.tsv is told and not judged, and its misses are never shown:
nothing is tuned on it.

--words FILE tries other words without a build: lines of name, title and description, between them tabs.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from minilm import MiniLm

FIRST, WANTED = 3, 0.95


def tools(binary, toolsets, words):
    listed = subprocess.run([binary, "tools", "--json", "--toolsets", toolsets], check=True, capture_output=True)
    listed = json.loads(listed.stdout)
    for tool in listed:
        tool["title"], tool["description"] = words.get(tool["name"], (title(tool), tool["description"]))
    return listed


def title(tool):
    return tool.get("title") or tool.get("annotations", {}).get("title") or ""


def text(tool):
    parts = [tool["name"].replace("_", " "), title(tool), tool["description"]]
    return ". ".join(part.rstrip(".") for part in parts if part)


def table(name):
    lines = Path(__file__).with_name(name).read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(prompt, wanted.split("|")) for prompt, wanted in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--misses", action="store_true", help="show each prompt of prompts.tsv that misses")
    parser.add_argument("--words", type=Path, help="a file with other titles and descriptions")
    arguments = parser.parse_args()
    words = {}
    if arguments.words:
        rows = (line.split("\t") for line in arguments.words.read_text().splitlines() if line)
        words = {name: (title, description) for name, title, description in rows}
    model = MiniLm()
    tables = {name: table(name) for name in ("prompts.tsv", "held_out.tsv")}
    prompts = {name: model.embed(prompt for prompt, _ in rows) for name, rows in tables.items()}
    everything = {tool["name"] for tool in tools(arguments.binary, "all", words)}
    for name, rows in tables.items():
        unknown = {tool for _, wanted in rows for tool in wanted} - everything
        if unknown:
            sys.exit(f"{name}: no such tools: {', '.join(sorted(unknown))}")

    failed = False
    for toolsets in ("default", "all"):
        listed = tools(arguments.binary, toolsets, words)
        names = [tool["name"] for tool in listed]
        vectors = model.embed(text(tool) for tool in listed)
        for name, rows in tables.items():
            places, misses = [], []
            for (prompt, wanted), vector in zip(rows, prompts[name]):
                if not set(wanted) & set(names):
                    continue
                ranked = [names[index] for index in (-(vectors @ vector)).argsort(kind="stable")]
                place = min(ranked.index(tool) for tool in wanted if tool in names)
                places.append(place)
                if place >= FIRST:
                    misses.append(f"  {prompt} → {'|'.join(wanted)} is {place + 1}. after {', '.join(ranked[:FIRST])}")
            share = sum(place < FIRST for place in places) / len(places)
            first = sum(place == 0 for place in places) / len(places)
            print(
                f"{name} over {toolsets} ({len(names)} tools): {len(places)} prompts,"
                f" first {first:.1%}, first {FIRST} {share:.1%}"
            )
            if arguments.misses and name == "prompts.tsv":
                print("\n".join(misses))
            failed |= name == "prompts.tsv" and share < WANTED
    if failed:
        sys.exit(f"fewer than {WANTED:.0%} of prompts.tsv have their tool among the first {FIRST}")


main()
