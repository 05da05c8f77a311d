#!/usr/bin/env python3
"""Makes very many calls of tools over a workspace that fails now and then, and looks whether the server stays as it was.

  benches/soak.py [CALLS [BINARY]]      250000 calls of what packaging/build.sh built unless given

IN_FLIGHT calls (32) run at once. Every FAULTS-th request to the workspace (20) fails, by turns with 429, 503 and a connection
that ends. Each call must get one answer, and none of them an error: reads are tried again. After a warm-up of a fifth, in which kept
answers reach their limit of 64 MiB (fewer calls are over before that), the memory
of the last fifth must not be over that of the fifth after the warm-up by more than 3 %, and descriptors not by more than 8.
Linux, and nothing but the standard library. Exit code 1 where something does not hold.
"""

import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CALLS = int(sys.argv[1]) if len(sys.argv) > 1 else 250_000
PACKED = HERE.parent / "target" / f"{os.uname().machine}-unknown-linux-musl" / "packed/databricks-mcp"
BINARY = Path(sys.argv[2] if len(sys.argv) > 2 else PACKED).resolve()
IN_FLIGHT = int(os.environ.get("IN_FLIGHT", "32"))
FAULTS = os.environ.get("FAULTS", "20")
# Longest silence.
PATIENCE = 120
TOOLS = [
    {"name": "list_clusters", "arguments": {}},
    {"name": "list_jobs", "arguments": {}},
    {"name": "who_am_i", "arguments": {}},
    {"name": "list_warehouses", "arguments": {}},
    {"name": "list_clusters", "arguments": {"max_tokens": 300}},
]
IDENTIFIER = re.compile(rb'^\{"jsonrpc":"2.0","id":(\d+),')


class Soak:
    def __init__(self, process):
        self.process, self.slots = process, threading.Semaphore(IN_FLIGHT)
        self.waiting, self.lock = {}, threading.Lock()
        self.answered, self.failed, self.unasked = 0, collections.Counter(), 0
        self.samples, self.heard = [], time.monotonic()

    def read(self):
        for line in self.process.stdout:
            self.heard = time.monotonic()
            found = IDENTIFIER.match(line)
            identifier = int(found[1]) if found else json.loads(line).get("id")
            with self.lock:
                known = self.waiting.pop(identifier, None)
                self.answered += known is not None
                self.unasked += known is None
            if b'"isError":true' in line or b'"result"' not in line:
                self.failed[line[:300].decode(errors="replace")] += 1
            if known is not None:
                self.slots.release()

    def tell(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def call(self, number):
        while not self.slots.acquire(timeout=1):
            if self.process.poll() is not None or time.monotonic() - self.heard > PATIENCE:
                raise SystemExit(f"no answer within {PATIENCE} s; {len(self.waiting)} calls wait: {self.waiting}")
        tool = TOOLS[number % len(TOOLS)]
        with self.lock:
            self.waiting[number] = tool["name"]
        self.tell({"id": number, "method": "tools/call", "params": tool})

    def sample(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        self.samples.append((resident / 1024, len(os.listdir(f"/proc/{self.process.pid}/fd"))))


def main():
    stub = subprocess.Popen(
        [sys.executable, HERE / "peers/stub.py"], stdout=subprocess.PIPE, text=True, env={**os.environ, "FAULTS": FAULTS},
    )
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as errors:
        environment = {
            "PATH": os.environ["PATH"], "HOME": home, "DATABRICKS_HOST": stub.stdout.readline().strip(),
            "DATABRICKS_TOKEN": "token", "DATABRICKS_RATE_LIMIT": "0",
        }
        process = subprocess.Popen(
            [BINARY, "serve"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=-1,
        )
        soak = Soak(process)
        threading.Thread(target=soak.read, daemon=True).start()
        began = time.monotonic()
        try:
            about = {"name": "soak", "version": "0"}
            soak.slots.acquire()
            soak.waiting[-1] = "initialize"
            soak.tell({"id": -1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about}})
            soak.tell({"method": "notifications/initialized"})
            process.stdin.flush()
            every = max(CALLS // 500, 1)
            for number in range(CALLS):
                soak.call(number)
                process.stdin.flush()
                if number % every == 0:
                    soak.sample()
            while soak.waiting and process.poll() is None and time.monotonic() - soak.heard < PATIENCE:
                time.sleep(0.05)
            soak.sample()
            seconds = time.monotonic() - began
            process.stdin.close()
            code = process.wait(30)
        finally:
            process.kill()
            stub.terminate()
            stub.wait()
    fifth = max(len(soak.samples) // 5, 1)
    early, late = soak.samples[fifth:2 * fifth], soak.samples[-fifth:]
    memory = [statistics.median(sample[0] for sample in part) for part in (early, late)]
    files = [statistics.median(sample[1] for sample in part) for part in (early, late)]
    # The answer to the handshake is none of a call.
    answered = soak.answered - 1
    print(f"{CALLS} calls in {seconds:.0f} s, {CALLS / seconds:.0f} a second; every {FAULTS}th request failed")
    print(f"answers: {answered}, errors among them {sum(soak.failed.values())}, not asked for {soak.unasked}")
    print(f"memory after the warm-up {memory[0]:.1f} MiB, at the end {memory[1]:.1f} MiB: {memory[1] / memory[0]:.3f} (limit 1.03)")
    print(f"descriptors after the warm-up {files[0]:.0f}, at the end {files[1]:.0f} (limit 8 more); exit code {code}")
    tenth = max(len(soak.samples) // 10, 1)
    parts = [soak.samples[at:at + tenth] for at in range(0, len(soak.samples), tenth)]
    print("memory by tenths: " + " ".join(f"{statistics.median(sample[0] for sample in part):.1f}" for part in parts))
    for text, count in soak.failed.most_common(3):
        print(f"  {count} times: {text}")
    holds = [
        answered == CALLS, not soak.failed, soak.unasked == 0, memory[1] <= memory[0] * 1.03, files[1] <= files[0] + 8, code == 0,
    ]
    sys.exit(0 if all(holds) else 1)


main()
