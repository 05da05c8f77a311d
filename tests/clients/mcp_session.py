"""A session of the Python `mcp` client with the server.

    python mcp_session.py BINARY
    python mcp_session.py URL TOKEN

Over standard input and output, or over HTTP. Works with 1.x and 2.x of the package; with 2.x in both eras of the
protocol.
"""

import asyncio
import importlib.metadata
import sys
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CancelledNotification, CancelledNotificationParams, ClientNotification, ElicitResult

import scenario

OVER_HTTP = sys.argv[1].startswith("http")
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


def server():
    """What 1.x calls streams and 2.x a transport."""
    if not OVER_HTTP:
        parameters = StdioServerParameters(command=sys.argv[1], args=["serve", "--sandbox"])
        return stdio_client(parameters)
    url, headers = sys.argv[1], {"Authorization": f"Bearer {sys.argv[2]}"}
    if MAJOR < 2:
        from mcp.client.streamable_http import streamablehttp_client

        return streamablehttp_client(url, headers=headers)
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    return streamable_http_client(url, http_client=httpx2.AsyncClient(headers=headers, timeout=120))


@asynccontextmanager
async def session(mode, person):
    async def elicit(_context, params):
        return ElicitResult(action="accept", content=person.answer(params.message))

    if mode is None:
        async with server() as streams:
            async with ClientSession(*streams[:2], elicitation_callback=elicit) as client:
                await client.initialize()
                yield (OldSession if MAJOR < 2 else Session)(client)
    else:
        from mcp import Client

        async with Client(server(), mode=mode, elicitation_callback=elicit) as client:
            yield Session(client)


async def check(mode):
    person = scenario.Person()
    async with session(mode, person) as client:
        return await scenario.run(client, person)


for mode in [None] if MAJOR < 2 else [None, "legacy", "auto", "2026-07-28"]:
    tools = asyncio.run(check(mode))
    version = importlib.metadata.version("mcp")
    way = " over HTTP" if OVER_HTTP else ""
    print(f"mcp {version}{way}, {mode or 'session'}: {tools} tools listed; called, watched, cancelled, confirmed, paged")
