"""The parts of dbutils that make sense on one machine. What is missing says so when it is used."""

import collections
import json
import os
import re
import shutil


class NotebookExit(BaseException):
    """What dbutils.notebook.exit raises. Not an Exception, so that `except Exception` lets it pass."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class NotEmulated:
    """Stands for what the sandbox does not have, and says so when it is used."""

    def __init__(self, name, hint):
        self.__dict__.update(_name=name, _hint=hint)

    def __getattr__(self, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise NotImplementedError(f"the sandbox does not emulate {self._name}.{attribute}{self._hint}")

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(f"the sandbox does not emulate {self._name}{self._hint}")


class Widgets:
    """dbutils.widgets: values that the caller passed win over defaults."""

    def __init__(self, passed):
        self.passed, self.defaults = dict(passed), {}

    def _define(self, name, defaultValue="", *rest, **named):
        self.defaults[name] = str(defaultValue)

    text = _define

    def dropdown(self, name, defaultValue, choices=(), label=None):
        if str(defaultValue) not in [str(choice) for choice in choices]:
            raise ValueError(f"the default value {defaultValue!r} of the widget {name!r} is not among its choices")
        self._define(name, defaultValue)

    combobox = multiselect = dropdown

    def get(self, name):
        for values in (self.passed, self.defaults):
            if name in values:
                return values[name]
        raise ValueError(f"InputWidgetNotDefined: No input widget named {name} is defined.")

    def getAll(self):
        return {**self.defaults, **self.passed}

    def getArgument(self, name, default=None):
        try:
            return self.get(name)
        except ValueError:
            return default

    def remove(self, name):
        self.defaults.pop(name, None)

    def removeAll(self):
        self.defaults.clear()


class TaskValues:
    """dbutils.jobs.taskValues: what one task of a run leaves for the next."""

    def __init__(self, known):
        self.known, self.made = known, {}

    def set(self, key, value):
        json.dumps(value, allow_nan=False)
        self.made[key] = value

    def get(self, taskKey, key, default=None, debugValue=None):
        value = self.known.get(taskKey, {}).get(key, default)
        value = debugValue if value is None else value
        if value is None:
            raise ValueError(f"no value {key!r} of the task {taskKey!r}")
        return value


FileInfo = collections.namedtuple("FileInfo", "path name size modificationTime")
FileInfo.isDir = lambda self: self.name.endswith("/")

MountInfo = collections.namedtuple("MountInfo", "mountPoint source encryptionType")


def place(path):
    """A path of dbutils.fs as a path of files: DBFS is where there is no scheme and no volume."""
    if path.startswith("file:"):
        return path[len("file:"):]
    plain = path[len("dbfs:"):] if path.startswith("dbfs:") else path
    if not plain.startswith("/"):
        raise ValueError(f"the path {path!r} is not absolute, or its scheme is none that the sandbox knows")
    return plain if re.match("/(Volumes|Workspace)(/|$)", plain) else "/dbfs" + plain


class Files:
    """dbutils.fs on the sandbox's folders."""

    def ls(self, path):
        inner = place(path)
        folder = os.path.isdir(inner)
        names = sorted(os.listdir(inner)) if folder else [os.path.basename(inner)]
        return [self._info(os.path.join(inner, name) if folder else inner, name, path, folder) for name in names]

    def _info(self, inner, name, asked, folder):
        stat = os.stat(inner)
        outer = asked if ":" in asked else "dbfs:" + asked
        outer = outer.rstrip("/") + "/" + name if folder else outer
        if os.path.isdir(inner):
            return FileInfo(outer + "/", name + "/", 0, int(stat.st_mtime * 1000))
        return FileInfo(outer, name, stat.st_size, int(stat.st_mtime * 1000))

    def head(self, path, maxBytes=65536):
        with open(place(path), "rb") as file:
            return file.read(maxBytes).decode("utf-8", "replace")

    def put(self, path, contents, overwrite=False):
        inner = place(path)
        os.makedirs(os.path.dirname(inner), exist_ok=True)
        with open(inner, "w" if overwrite else "x", encoding="utf-8") as file:
            file.write(contents)
        print(f"Wrote {len(contents.encode())} bytes.")
        return True

    def mkdirs(self, path):
        os.makedirs(place(path), exist_ok=True)
        return True

    def rm(self, path, recurse=False):
        inner = place(path)
        if not os.path.exists(inner):
            return False
        if not os.path.isdir(inner):
            os.remove(inner)
        elif recurse:
            shutil.rmtree(inner)
        else:
            os.rmdir(inner)
        return True

    def mounts(self):
        return [MountInfo("/", "DatabricksRoot", ""), MountInfo("/Volumes", "UnityCatalogVolumes", "")]

    def cp(self, source, target, recurse=False):
        self._transfer(source, target, recurse)
        return True

    def mv(self, source, target, recurse=False):
        self._transfer(source, target, recurse)
        return self.rm(source, recurse)

    def _transfer(self, source, target, recurse):
        source, target = place(source), place(target)
        if os.path.isdir(source):
            if not recurse:
                raise IsADirectoryError(f"{source} is a directory: pass recurse=True")
            shutil.copytree(source, target, dirs_exist_ok=True)
            return
        if os.path.isdir(target):
            target = os.path.join(target, os.path.basename(source))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)


def make_dbutils(setup):
    def leave(value=""):
        raise NotebookExit(str(value))

    hint = "; there are dbutils.fs, dbutils.widgets, dbutils.notebook.exit and dbutils.jobs.taskValues"
    notebook = NotEmulated("dbutils.notebook", hint)
    notebook.__dict__["exit"] = leave
    jobs = NotEmulated("dbutils.jobs", hint)
    jobs.__dict__["taskValues"] = TaskValues(setup.get("task_values", {}))
    dbutils = NotEmulated("dbutils", hint)
    dbutils.__dict__.update(fs=Files(), widgets=Widgets(setup.get("widgets", {})), notebook=notebook, jobs=jobs)
    return dbutils
