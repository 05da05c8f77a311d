#!/usr/bin/env python3
"""Shows answers on the page of MCP Apps in a headless Chromium, as a host does, and looks at what is there.

  tests/view/run.py [CHROMIUM]      the one on PATH unless given; pictures go to target/view

A host page holds the view in a frame, answers its handshake, hands it the answer of a tool, clicks, and writes down what it sees.
Nothing but the standard library.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VIEW = (ROOT / "src/mcp/view/view.html").read_text()
PICTURES = ROOT / "target/view"

HOST = """<!doctype html><meta charset="utf-8"><body style="margin:0"><iframe id="view" style="width:760px;height:620px;border:0"></iframe>
<pre id="seen"></pre><script>
const result = %s, frame = document.getElementById("view"), seen = { told: [] };
const look = () => {
  const page = frame.contentDocument, all = selector => [...page.querySelectorAll(selector)];
  return {
    heads: all("th").map(it => it.textContent), sort: all("th").map(it => it.getAttribute("aria-sort")),
    first: all("tbody tr").slice(0, 4).map(row => [...row.cells].map(cell => cell.textContent)), rows: all("tbody tr").length,
    bars: all("rect.bar").length, lines: all("path.path").length, chart: page.querySelector("svg[role=img]")?.getAttribute("aria-label") ?? null,
    tasks: all("g[data-state]").map(it => [it.querySelector("text").textContent, it.dataset.state]), edges: all("path.edge").length,
    xs: all("rect.task").map(it => Number(it.getAttribute("x"))), title: page.querySelector("h1")?.textContent,
    plain: page.querySelector("pre")?.textContent, note: all(".note").map(it => it.textContent), scripts: all("main script, main img").length,
  };
};
window.addEventListener("message", event => {
  const { id, method } = event.data;
  seen.told.push(method);
  const tell = message => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
  if (method === "ui/initialize") tell({ id, result: { protocolVersion: "2026-01-26", hostInfo: { name: "test", version: "1" },
    hostCapabilities: {}, hostContext: { theme: "light" } } });
  if (method === "ui/notifications/initialized") {
    tell({ method: "ui/notifications/tool-input", params: { arguments: {} } });
    tell({ method: "ui/notifications/tool-result", params: result });
  }
  if (method === "ui/notifications/size-changed") {
    seen.before = look();
    for (const turn of ["once", "twice"]) {
      frame.contentDocument.querySelectorAll("th button")[%d]?.click();
      seen[turn] = look();
    }
    document.getElementById("seen").textContent = JSON.stringify(seen);
  }
});
frame.srcdoc = %s;
</script>"""


def show(chromium, name, answer, column=0):
    result = {"content": [{"type": "text", "text": "plain text"}], **({} if answer is None else {"structuredContent": answer})}
    script = lambda value: json.dumps(value).replace("</", "<\\/")
    page = HOST % (script(result), column, script(VIEW))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "host.html")
        file.write_text(page)
        common = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
                  "--virtual-time-budget=4000", "--window-size=760,640"]
        picture = PICTURES / f"{name}.png"
        subprocess.run([*common, f"--screenshot={picture}", file.as_uri()], capture_output=True, timeout=120, check=True)
        done = subprocess.run([*common, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    if not found or not found[1]:
        sys.exit(f"{name}: the view showed nothing: {done.stderr[-500:]}")
    seen = json.loads(html.unescape(found[1]))
    assert seen["told"][0] == "ui/initialize" and "ui/notifications/size-changed" in seen["told"], seen["told"]
    return seen


def columns(**types):
    return [{"name": name, "type": kind} for name, kind in types.items()]


def results(chromium):
    rows = [["10001", "1042", "9.8"], ["9", "7", "100.25"], ["10022", "987", None], ["<img src=x>", "30", "2"]]
    answer = {"columns": columns(zip="STRING", trips="BIGINT", fare="DOUBLE"), "rows": rows, "total_row_count": 50}
    seen = show(chromium, "table", answer, column=1)
    assert seen["before"]["heads"] == ["zip", "trips", "fare"] and seen["before"]["rows"] == 4, seen
    assert [row[1] for row in seen["once"]["first"]] == ["7", "30", "987", "1042"], seen["once"]["first"]
    assert [row[1] for row in seen["twice"]["first"]] == ["1042", "987", "30", "7"], seen["twice"]["first"]
    assert seen["once"]["sort"] == [None, "ascending", None] and seen["twice"]["sort"] == [None, "descending", None]
    # What is in a cell is text, and a null among the numbers is no chart.
    assert seen["before"]["first"][3][0] == "<img src=x>" and seen["before"]["scripts"] == 0
    assert seen["before"]["first"][2][2] == "null" and seen["before"]["chart"] is None, seen["before"]
    assert "4 of 50 rows" in seen["before"]["note"]
    seen = show(chromium, "nulls", answer, column=2)
    assert [row[2] for row in seen["once"]["first"]] == ["2", "9.8", "100.25", "null"], seen["once"]["first"]
    assert [row[2] for row in seen["twice"]["first"]] == ["100.25", "9.8", "2", "null"], seen["twice"]["first"]


def charts(chromium):
    bars = {"columns": columns(zip="STRING", trips="BIGINT"), "rows": [[f"100{n:02}", str(n * n)] for n in range(12)]}
    seen = show(chromium, "bars", bars)["before"]
    assert (seen["bars"], seen["lines"], seen["chart"]) == (12, 0, "trips by zip"), seen
    days = {"columns": columns(day="DATE", amount="DOUBLE"), "rows": [[f"2026-{m:02}-{d:02}", str(m * d)] for m in range(1, 7) for d in range(1, 28)]}
    seen = show(chromium, "line", days)["before"]
    assert (seen["bars"], seen["lines"], seen["chart"]) == (0, 1, "amount by day"), seen
    # Names that come twice are no series, and neither are texts.
    for rows in [[["a", "1"], ["a", "2"]], [["a", "b"], ["c", "d"]]]:
        kinds = columns(name="STRING", value="BIGINT" if rows[0][1] == "1" else "STRING")
        assert show(chromium, "none", {"columns": kinds, "rows": rows})["before"]["chart"] is None


def runs(chromium):
    def task(key, state, *needs):
        return {"task_key": key, "state": {"life_cycle_state": "TERMINATED", "result_state": state}, "start_time": 1_700_000_000_000,
                "end_time": 1_700_000_075_000, "depends_on": [{"task_key": need} for need in needs]}
    tasks = [task("load", "SUCCESS"), task("clean", "SUCCESS", "load"), task("train", "FAILED", "clean"), task("report", "UPSTREAM_FAILED", "train", "clean")]
    state = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
    seen = show(chromium, "run", {"run_id": 7, "run_name": "nightly", "state": state, "tasks": tasks})["before"]
    assert seen["tasks"] == [["load", "SUCCESS"], ["clean", "SUCCESS"], ["train", "FAILED"], ["report", "UPSTREAM_FAILED"]], seen["tasks"]
    assert seen["edges"] == 4 and seen["xs"] == sorted(set(seen["xs"])), seen
    assert seen["title"].startswith("nightly · run 7 · FAILED"), seen["title"]


def plain(chromium):
    assert show(chromium, "plain", None)["before"]["plain"] == "plain text"
    assert json.loads(show(chromium, "object", {"done": "Deleted."})["before"]["plain"]) == {"done": "Deleted."}


def main():
    names = ["chromium", "chromium-browser", "google-chrome"]
    chromium = sys.argv[1] if len(sys.argv) > 1 else next((found for found in map(shutil.which, names) if found), None)
    if not chromium:
        sys.exit(f"there is no Chromium: install one of {', '.join(names)}, or name its file")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for check in [results, charts, runs, plain]:
        check(chromium)
        print(f"{check.__name__}: ok")
    print(f"pictures are in {PICTURES.relative_to(ROOT)}")


main()
