#!/usr/bin/env python3
"""Measures MCP servers over standard input and output and prints a table. Linux, and nothing but the standard library.

  measure.py CONTENDER...      each NAME=COMMAND, the command in words of a shell; the first is ours, those with `peer:` before
                               their names are whom it is compared with

With BARE=PROGRAM the same call by that program (`bare/`) stands for what a call costs at least. Then the limits are printed, and
the exit code is 1 where one is missed.

Every start is a fresh process with an empty home and no settings but those of the stub.
"""

import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from server import Server

STARTS = int(os.environ.get("STARTS", "5"))
CALLS = int(os.environ.get("CALLS", "200"))
WARM_UP = 20
# How servers call their list of clusters.
LISTS = ["list_clusters", "clusters_list", "list_all_clusters", "get_clusters"]


def called(server, tools):
    """Median time in ms of a call that lists clusters, and the bytes of what an agent reads of its answer."""
    name = next((name for name in LISTS if any(tool["name"] == name for tool in tools)), None)
    if name is None:
        return None, "no tool that lists clusters"
    schema = next(tool for tool in tools if tool["name"] == name).get("inputSchema", {})
    # One that wants its arguments in an object of theirs gets an empty one.
    arguments = {key: {} for key in schema.get("required", [])}
    times = []
    for number in range(WARM_UP + CALLS):
        answer = server.ask("tools/call", {"name": name, "arguments": arguments})
        if number >= WARM_UP:
            times.append(server.took)
    # Clients show a model the one or the other, and seldom both.
    parts = [answer.get("content"), answer.get("structuredContent")]
    text = max(len(json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()) for part in parts)
    if answer.get("isError") or text < 1000:
        return None, "its list of clusters fails: " + json.dumps(answer.get("content"))[:120]
    return statistics.median(times), text


def measure(command, host, folder):
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "token"}
    # Not ours alone: whoever has a limit of requests a second would measure it.
    environment["DATABRICKS_RATE_LIMIT"] = "0"
    # Some read them from a file alone.
    Path(folder, ".env").write_text(f"DATABRICKS_HOST={host}\nDATABRICKS_TOKEN=token\n")
    starts, memory, result = [], [], {}
    for number in range(STARTS):
        with tempfile.TemporaryFile() as errors:
            try:
                server = Server(command, environment, folder, errors)
            except OSError as error:
                return {"reason": f"does not start: {error.strerror}"}
            try:
                tools, milliseconds = server.start()
                time.sleep(0.3)
                starts.append(milliseconds)
                memory.append(server.resident())
                if number == STARTS - 1:
                    size = len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False).encode())
                    call, answer = called(server, tools)
                    result = {"tools": len(tools), "list": size, "call": call, "answer": answer}
            except (RuntimeError, OSError) as error:
                server.stop()
                errors.seek(0)
                lines = errors.read().decode(errors="replace").strip().splitlines()
                return {"reason": f"does not start: {error}; {lines[-1][:100] if lines else 'it does not say why'}"}
            finally:
                server.stop()
    return {**result, "start": statistics.median(starts), "memory": statistics.median(memory)}


def row(name, it):
    if "reason" in it:
        return f"| {name} | {it['reason']} | | | | | |"
    call = "-" if it["call"] is None else f"{it['call']:.2f} ms"
    answer = it["answer"] if it["call"] is None else f"{it['answer'] / 1000:.0f} kB"
    cells = [
        name, str(it["tools"]), f"{it['start']:.0f} ms", f"{it['memory'] / 2**20:.0f} MiB",
        f"{it['list'] / 1000:.1f} kB, {it['list'] // 4} tokens", call, answer,
    ]
    return "| " + " | ".join(cells) + " |"


def bare(host):
    """Median time in ms of the call without any server."""
    program = os.environ.get("BARE")
    if not program:
        return None
    done = subprocess.run([program, host, str(WARM_UP + CALLS)], stdout=subprocess.PIPE, check=True, text=True)
    return statistics.median(float(line) for line in done.stdout.split()[WARM_UP:])


def limits(ours, peers, bares):
    """Prints what we aim at, and gives back whether it is reached."""
    best = lambda figure: min((peer[figure] for peer in peers if peer.get(figure)), default=None)
    start, call = best("start"), best("call")
    checks = [
        # The Go peer, which is not on PyPI, has 23 MB.
        ("resident, MiB", ours["memory"] / 2**20, lambda it: it <= 11.5 / 1.048576, "at most half of 23 MB"),
    ]
    if start:
        checks.append(("start of the fastest peer over ours", start / ours["start"], lambda it: it >= 80, "at least 80"))
    if call and ours["call"]:
        checks.append(("call of the fastest peer over ours", call / ours["call"], lambda it: it >= 10, "at least 10"))
    if bares and ours["call"]:
        ratio = ours["call"] / statistics.median(bares)
        checks.append(("our call over bare reqwest and parsing", ratio, lambda it: it <= 1.3, "at most 1.3"))
    for what, figure, holds, limit in checks:
        print(f"{what}: {figure:.2f} ({limit}) {'ok' if holds(figure) else 'MISSED'}")
    return all(holds(figure) for _, figure, holds, _ in checks)


def main():
    stub = subprocess.Popen([sys.executable, Path(__file__).with_name("stub.py")], stdout=subprocess.PIPE, text=True)
    try:
        host = stub.stdout.readline().strip()
        print("| server | tools | start | memory | list of tools | call | answer |\n|---|---|---|---|---|---|---|")
        ours, peers, bares = None, [], []
        for contender in sys.argv[1:]:
            name, _, command = contender.partition("=")
            # Before and after ours, so that both meet the same machine.
            bares += [it for it in [bare(host) if ours is None else None] if it]
            with tempfile.TemporaryDirectory() as folder:
                measured = measure(shlex.split(command), host, folder)
            bares += [it for it in [bare(host) if ours is None else None] if it]
            print(row(name.removeprefix("peer:"), measured), flush=True)
            if ours is None:
                ours = measured
            if name.startswith("peer:"):
                peers.append(measured)
        if bares:
            print(f"| bare reqwest and parsing | | | | | {statistics.median(bares):.2f} ms | |")
    finally:
        stub.terminate()
        stub.wait()
    print(f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; medians of {STARTS} starts and {CALLS} calls")
    sys.exit(0 if "reason" not in ours and limits(ours, peers, bares) else 1)


main()
