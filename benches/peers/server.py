"""A server over standard input and output, as a client starts it. Linux, and nothing but the standard library."""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

LIMIT = 90


class Server:
    def __init__(self, command, environment, folder, errors):
        self.began = time.perf_counter()
        self.errors = errors
        self.process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0,
            start_new_session=True,
        )
        self.rest, self.last = b"", 0

    def tell(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def line(self):
        end = time.perf_counter() + LIMIT
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.perf_counter()))
            if not ready:
                raise RuntimeError(f"no answer within {LIMIT} s")
            part = os.read(self.process.stdout.fileno(), 1 << 20)
            if not part:
                raise RuntimeError("it ended")
            self.rest += part
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def ask(self, method, parameters):
        """The result of a request; `took` is the time in ms until its line was there: to read it is the client's work."""
        self.last += 1
        began = time.perf_counter()
        self.tell({"id": self.last, "method": method, "params": parameters})
        while True:
            line = self.line()
            self.took = (time.perf_counter() - began) * 1000
            try:
                message = json.loads(line)
            except ValueError:
                continue  # Some print where they must not.
            if isinstance(message, dict) and message.get("id") == self.last and "method" not in message:
                if "error" in message:
                    raise RuntimeError(message["error"].get("message", "an error"))
                return message["result"]

    def start(self):
        about = {"name": "measure", "version": "0"}
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about})
        self.tell({"method": "notifications/initialized"})
        tools, page = [], {}
        while True:
            answer = self.ask("tools/list", page)
            tools += answer["tools"]
            if not answer.get("nextCursor"):
                return tools, (time.perf_counter() - self.began) * 1000
            page = {"cursor": answer["nextCursor"]}

    def resident(self):
        """Bytes of the process and all it started."""
        todo, total = [self.process.pid], 0
        while todo:
            process = Path("/proc", str(todo.pop()))
            try:
                rollup = (process / "smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Rss:")) * 1024
                for task in (process / "task").iterdir():
                    todo += [int(child) for child in (task / "children").read_text().split()]
            except (OSError, StopIteration):
                continue
        return total

    def stop(self):
        try:
            self.process.stdin.close()
            self.process.wait(3)
        except (OSError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
