"""A session of the Python `mcp` client with the server.

    python mcp_session.py BINARY

Works with 1.x and 2.x of the package; with 2.x in both eras of the protocol.
"""

import asyncio
import importlib.metadata
import sys
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CancelledNotification, CancelledNotificationParams, ClientNotification, ElicitResult

import scenario

SERVER = StdioServerParameters(command=sys.argv[1], args=["serve", "--sandbox"])
MAJOR = int(importlib.metadata.version("mcp").split(".")[0])


def field(value, old, new):
    """A field by its name in 1.x or in 2.x."""
    return getattr(value, old) if hasattr(value, old) else getattr(value, new)


class Session(scenario.Session):
    def __init__(self, client):
        self.client = client

    async def tools(self):
        tools = (await self.client.list_tools()).tools
        return {tool.name: field(tool, "inputSchema", "input_schema") for tool in tools}

    async def call(self, name, arguments, progress=None):
        result = await self.client.call_tool(name, arguments, progress_callback=progress)
        structured = field(result, "structuredContent", "structured_content")
        return scenario.Result(field(result, "isError", "is_error"), structured, result.content[0].text)


class OldSession(Session):
    """1.x tells the server nothing of a call that is given up, and has no name for its id."""

    async def cancel(self, task):
        last = self.client._request_id - 1
        cancelled = CancelledNotification(
            method="notifications/cancelled", params=CancelledNotificationParams(requestId=last)
        )
        await self.client.send_notification(ClientNotification(cancelled))
        task.cancel()


@asynccontextmanager
async def session(mode, person):
    async def elicit(_context, params):
        return ElicitResult(action="accept", content=person.answer(params.message))

    if mode is None:
        async with stdio_client(SERVER) as streams:
            async with ClientSession(*streams, elicitation_callback=elicit) as client:
                await client.initialize()
                yield (OldSession if MAJOR < 2 else Session)(client)
    else:
        from mcp import Client

        async with Client(SERVER, mode=mode, elicitation_callback=elicit) as client:
            yield Session(client)


async def check(mode):
    person = scenario.Person()
    async with session(mode, person) as client:
        return await scenario.run(client, person)


for mode in [None] if MAJOR < 2 else [None, "legacy", "auto", "2026-07-28"]:
    tools = asyncio.run(check(mode))
    version = importlib.metadata.version("mcp")
    print(f"mcp {version}, {mode or 'session'}: {tools} tools listed; called, watched, cancelled, confirmed, paged")
