"""Runs the code that the sandbox sends, cell by cell, in one namespace.

Requests and replies are JSON, one per line, on the standard input and output that the process was started with. Code
that runs sees neither: its standard input is empty, and its output goes to a file that the sandbox reads.

No security boundary: code runs with the rights of whoever started the sandbox.
"""

import ast
import base64
import html
import inspect
import io
import json
import linecache
import math
import os
import queue
import signal
import sys
import threading
import traceback
import types

from sandbox_dbutils import NotebookExit, NotEmulated, make_dbutils

MAX_ROWS = 10_000


class Channel:
    """The line to the sandbox."""

    def __init__(self):
        self.requests = queue.Queue()
        self.source = os.fdopen(os.dup(0), "r", encoding="utf-8")
        self.sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)

    def listen(self):
        """Passes requests on; when the sandbox is gone, so is this process, whatever it was doing."""
        for line in self.source:
            self.requests.put(json.loads(line))
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    def reply(self, message):
        self.sink.write(json.dumps(message, allow_nan=False) + "\n")
        self.sink.flush()


def plain(value):
    """A value as JSON can hold it."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if hasattr(value, "item") and callable(value.item) and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return None if text in ("NaT", "<NA>") else text


SPARK_TYPES = [(bool, "boolean"), (int, "long"), (float, "double"), (str, "string"), (list, "array"), (dict, "struct")]


def spark_type(values):
    kinds = {next((name for kind, name in SPARK_TYPES if isinstance(value, kind)), "string") for value in values if value is not None}
    if kinds == {"long", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else "string"


def as_table(value):
    """The columns and rows of what display() can show as a table, or nothing."""
    if hasattr(value, "to_pandas") and not hasattr(value, "itertuples"):
        value = value.to_pandas()
    if hasattr(value, "itertuples") and hasattr(value, "columns"):
        columns = [str(column) for column in value.columns]
        return columns, (list(row) for row in value.itertuples(index=False, name=None))
    if isinstance(value, (list, tuple)) and value and all(isinstance(row, dict) for row in value):
        columns = list(dict.fromkeys(str(key) for row in value for key in row))
        return columns, ([row.get(column) for column in columns] for row in value)
    return None


def dedented(code):
    """A cell as IPython takes it: one that is indented as a whole is moved to the margin."""
    lines = code.splitlines(True)
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return "".join(line.removeprefix(indent) for line in lines) if indent else code


class Cells:
    """The namespace, and what a cell shows besides its output."""

    def __init__(self, setup):
        self.count = 0
        self.shown = []
        self.dbutils = make_dbutils(setup)
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module
        self.names = self.module.__dict__
        hint = "; use SQL for queries: a SQL context, a %sql cell or a statement"
        self.names.update(
            dbutils=self.dbutils,
            display=self.display,
            displayHTML=lambda text: print(text),
            getArgument=self.dbutils.widgets.getArgument,
            spark=NotEmulated("spark", hint),
            __builtins__=__builtins__,
        )
        if "file" in setup:
            self.names["__file__"] = setup["file"]
        # like a notebook's: what is next to it can be imported
        sys.path[0] = setup.get("folder", os.getcwd())
        sys.argv = [setup.get("file", ""), *setup.get("arguments", [])]

    def display(self, *values, **_):
        for value in values:
            table = as_table(value)
            if table is not None:
                self.shown.append(self.table(*table))
            elif hasattr(value, "savefig"):
                self.shown.append({"image": self.picture(value)})
            elif hasattr(value, "_repr_png_") and value._repr_png_() is not None:
                self.shown.append({"image": base64.b64encode(value._repr_png_()).decode()})
            else:
                print(value)

    def table(self, columns, rows):
        data, truncated = [], False
        for row in rows:
            if len(data) == MAX_ROWS:
                truncated = True
                break
            data.append([plain(item) for item in row])
        schema = [
            {"name": name, "type": json.dumps(spark_type([row[at] for row in data])), "metadata": "{}"}
            for at, name in enumerate(columns)
        ]
        return {"table": {"data": data, "schema": schema, "truncated": truncated}}

    def picture(self, figure):
        png = io.BytesIO()
        figure.savefig(png, format="png")
        return base64.b64encode(png.getvalue()).decode()

    def figures(self):
        """The plots that the cell left open, as a notebook shows them."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            for number in pyplot.get_fignums():
                self.shown.append({"image": self.picture(pyplot.figure(number))})
            pyplot.close("all")

    def run(self, code):
        self.count += 1
        self.shown = []
        name = f"<command-{self.count}>"
        # without this a traceback could not quote the code
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        try:
            try:
                self.execute(code, name)
                self.figures()
            finally:
                self.flush()
        except NotebookExit as left:
            return {"exit": left.value}
        except SystemExit as left:
            # sys.exit() ends a cell; only a code other than zero is a failure
            if left.code not in (None, 0):
                return self.failure(left)
        except BaseException as error:
            return self.failure(error)
        return {"shown": self.shown}

    def execute(self, code, name):
        tree = ast.parse(dedented(code), name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        self.evaluate(compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        if last is None:
            return
        value = self.evaluate(compile(ast.Expression(last.value), name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        if value is None:
            return
        self.names["_"] = value
        if type(value).__module__.startswith("matplotlib."):
            return
        sys.stdout.flush()
        print(repr(value))

    def evaluate(self, code):
        value = eval(code, self.names)
        if code.co_flags & inspect.CO_COROUTINE:
            import asyncio

            value = asyncio.run(value)
        return value

    def flush(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass

    def failure(self, error):
        trace = error.__traceback__
        # the first frames are this file's
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        text = "".join(traceback.format_exception(type(error), error, trace))
        kind, words = type(error).__name__, str(error)
        summary = f'<span class="ansi-red-fg">{html.escape(kind)}</span>: {html.escape(words, quote=False)}'
        plain_words = f"{kind}: {words}" if words else kind
        return {"error": {"summary": summary, "cause": text, "message": plain_words}}


def mount(places):
    """Lets paths of the service, such as /Volumes/…, be opened as files.

    Only what goes through Python's own functions sees them; a library that opens files in native code does not.
    """
    import builtins
    import functools

    def real(path):
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
        if isinstance(text, str):
            for prefix, place in places:
                if text == prefix or text.startswith(prefix + "/"):
                    return place + text[len(prefix):]
        return path

    def through(function, paths):
        @functools.wraps(function)
        def call(*args, **kwargs):
            return function(*(real(arg) if at < paths else arg for at, arg in enumerate(args)), **kwargs)

        return call

    io.open = builtins.open = through(builtins.open, 1)
    one = (
        "access chdir chmod chown getxattr listdir listxattr lstat mkdir open readlink remove rmdir scandir setxattr"
        " stat statvfs truncate unlink utime"
    )
    for paths, names in ((1, one), (2, "link rename replace symlink")):
        for name in names.split():
            if hasattr(os, name):
                setattr(os, name, through(getattr(os, name), paths))


def limit():
    """Keeps a runaway from taking the machine with it, where the system lets us."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 8 << 30), ("RLIMIT_DATA", 8 << 30)):
        try:
            _, hard = resource.getrlimit(getattr(resource, what))
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(getattr(resource, what), (most, hard))
        except (AttributeError, OSError, ValueError):
            pass


def interrupt(*_):
    """Interrupts a cell once: the sandbox asks again and again until it hears from us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel()
    output = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.environ.setdefault("MPLBACKEND", "agg")
    limit()
    threading.Thread(target=channel.listen, daemon=True).start()
    channel.reply({"version": sys.version.split()[0]})
    setup = channel.requests.get()
    mount(setup.get("mounts", []))
    cells = Cells(setup)
    while True:
        code = channel.requests.get()["code"]
        try:
            signal.signal(signal.SIGINT, interrupt)
            answer = cells.run(code)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt as error:
            answer = cells.failure(error)
        answer["task_values"] = cells.dbutils.jobs.taskValues.made
        try:
            channel.reply(answer)
        except ValueError as error:
            channel.reply(cells.failure(error))


main()
