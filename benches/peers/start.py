#!/usr/bin/env python3
"""From the start of a server to its answer of tools/list, and what it holds then. Ends with 1 where a limit is missed.

  start.py CONTENDER...      each NAME=COMMAND, the command in words of a shell

Every start is a fresh process with an empty home and no settings but a host that nobody listens on: a start must ask nothing.
"""

import os
import shlex
import statistics
import sys
import tempfile
import time

from server import Server

STARTS = int(os.environ.get("STARTS", "41"))
MOST_MS, MOST_BYTES = 10, 12 * 2**20


def measure(command, folder):
    environment = {"PATH": os.environ["PATH"], "HOME": folder}
    environment |= {"DATABRICKS_HOST": "http://127.0.0.1:9", "DATABRICKS_TOKEN": "token"}
    times, memory, tools = [], [], []
    # The first ones bring the file into memory.
    for number in range(3 + STARTS):
        with tempfile.TemporaryFile() as errors:
            server = Server(command, environment, folder, errors)
            try:
                tools, milliseconds = server.start()
                # What it would do after its answer is to be done.
                time.sleep(0.05)
                if number >= 3:
                    times.append(milliseconds)
                    memory.append(server.resident())
            finally:
                server.stop()
    return times, memory, tools


def main():
    print("| server | tools | start: median | fastest | resident |\n|---|---|---|---|---|")
    missed = False
    for contender in sys.argv[1:]:
        name, _, command = contender.partition("=")
        with tempfile.TemporaryDirectory() as folder:
            times, memory, tools = measure(shlex.split(command), folder)
        start, held = statistics.median(times), statistics.median(memory)
        missed |= start > MOST_MS or held > MOST_BYTES
        print(f"| {name} | {len(tools)} | {start:.1f} ms | {min(times):.1f} ms | {held / 2**20:.1f} MiB |", flush=True)
    print(f"\nlimits: {MOST_MS} ms, {MOST_BYTES / 2**20:.0f} MiB; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sys.exit(missed)


main()
