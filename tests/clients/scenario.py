"""What a session of any client does with the server: list, call, progress, cancel, confirm, page.

A client's script gives `run` a `Session`, which is that client's own way to list and to call.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

MINUTE = 60
SLEEP = f"import time\nprint('begun', flush=True)\ntime.sleep({MINUTE})"
TABLE = "main.default.clients_confirm"


@dataclass
class Result:
    """A tool's answer, by whatever names a client gives it."""

    failed: bool
    structured: Any
    text: str


@dataclass
class Person:
    """Who answers the server's questions, and remembers them."""

    yes: bool = False
    asked: list = field(default_factory=list)

    def answer(self, question):
        self.asked.append(question)
        return {"confirm": self.yes}


class Session:
    """One client's session: `tools` lists, `call` calls, `cancel` gives a call up as the client does it."""

    async def tools(self):
        """Name and input schema of each tool."""
        raise NotImplementedError

    async def call(self, name, arguments, progress=None):
        raise NotImplementedError

    async def cancel(self, task):
        """Gives up a call that is under way; most clients tell the server when its task is cancelled."""
        task.cancel()


async def answered(session, name, arguments, progress=None):
    result = await session.call(name, arguments, progress)
    assert not result.failed, (name, result.text)
    assert json.loads(result.text) == result.structured, name
    return result.structured


async def sql(session, statement):
    return await session.call("execute_sql", {"statement": statement})


async def run(session, person):
    """The whole session; answers how many tools there are."""
    tools = await session.tools()
    assert len(tools) >= 30, len(tools)
    for name, schema in tools.items():
        assert schema["type"] == "object", name
    await calls(session)
    await waits(session)
    await confirms(session, person)
    await pages(session)
    return len(tools)


async def calls(session):
    trips = await answered(session, "execute_sql", {"statement": "SELECT COUNT(*) FROM samples.nyctaxi.trips"})
    assert int(trips["rows"][0][0]) > 0, trips
    wrong = await session.call("get_cluster", {"clusterid": "x"})
    assert wrong.failed and "did you mean `cluster_id`?" in wrong.text, wrong


async def waits(session):
    """State between commands; progress of a long one; and that giving it up stops it on the cluster."""
    context = await answered(session, "create_execution_context", {})
    ids = {key: context[key] for key in ("cluster_id", "context_id")}
    await answered(session, "execute_command", {**ids, "code": "x = 41"})

    noted = []
    begun = asyncio.Event()

    async def progress(done, total, message):
        noted.append((done, total, message))
        if len(noted) >= 3:
            begun.set()

    started = time.monotonic()
    long = asyncio.create_task(session.call("execute_command", {**ids, "code": SLEEP}, progress))
    await asyncio.wait_for(begun.wait(), MINUTE / 2)
    assert all(total and 0 <= done <= total and message for done, total, message in noted), noted
    assert [done for done, _, _ in noted] == sorted(done for done, _, _ in noted), noted
    await session.cancel(long)
    await asyncio.gather(long, return_exceptions=True)
    # A context runs one command after the other: this one has an answer only once the long one was stopped.
    assert (await answered(session, "execute_command", {**ids, "code": "x + 1"}))["result"] == "42"
    took = time.monotonic() - started
    assert took < MINUTE / 2, f"the cancelled command went on: {took:.0f} s"
    await answered(session, "destroy_execution_context", ids)


async def confirms(session, person):
    """What destroys asks first, shows what it is about, and heeds both answers."""
    made = await sql(session, f"CREATE TABLE {TABLE} AS SELECT 1 AS a")
    assert not made.failed and not person.asked, (made.text, person.asked)
    for person.yes in (False, True):
        dropped = await sql(session, f"DROP TABLE {TABLE}")
        assert dropped.failed != person.yes, (person.yes, dropped.text)
        assert person.yes or "did not confirm" in dropped.text, dropped.text
        assert TABLE in person.asked[-1], person.asked
        read = await sql(session, f"SELECT a FROM {TABLE}")
        assert read.failed == person.yes, read.text
    assert len(person.asked) == 2, person.asked


async def pages(session):
    names = {f"clients-page-{number}" for number in range(5)}
    task = {"task_key": "a", "notebook_path": "/Shared/none"}
    for name in names:
        await answered(session, "create_job", {"name": name, "tasks": [task]})
    seen, page, count = set(), {}, 0
    while True:
        listed = await answered(session, "list_jobs", {"limit": 2, **page})
        assert len(listed["jobs"]) <= 2, listed
        seen |= {job["settings"]["name"] for job in listed["jobs"]}
        count += 1
        if not listed.get("next_page_token"):
            break
        page = {"page_token": listed["next_page_token"]}
        assert count < 100, "the pages have no end"
    assert names <= seen and count >= 3, (names - seen, count)
