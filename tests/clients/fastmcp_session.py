"""A session of the Python `fastmcp` client with the server, in both eras of the protocol.

    python fastmcp_session.py BINARY
    python fastmcp_session.py URL TOKEN

Over standard input and output, or over HTTP.
"""

import asyncio
import importlib.metadata
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

import scenario


OVER_HTTP = sys.argv[1].startswith("http")


def server():
    if OVER_HTTP:
        return StreamableHttpTransport(sys.argv[1], headers={"Authorization": f"Bearer {sys.argv[2]}"})
    return StdioTransport(command=sys.argv[1], args=["serve", "--sandbox"], keep_alive=False)


class Session(scenario.Session):
    def __init__(self, client):
        self.client = client

    async def tools(self):
        return {tool.name: tool.input_schema for tool in await self.client.list_tools()}

    async def call(self, name, arguments, progress=None):
        result = await self.client.call_tool(name, arguments, progress_handler=progress, raise_on_error=False)
        return scenario.Result(result.is_error, result.structured_content, result.content[0].text)


async def check(mode):
    person = scenario.Person()

    async def elicit(message, _type, _params, _context):
        return person.answer(message)

    async with Client(server(), mode=mode, elicitation_handler=elicit) as client:
        return await scenario.run(Session(client), person), client.protocol_version


for mode in ["legacy", "auto", "2026-07-28"]:
    tools, protocol = asyncio.run(check(mode))
    version = importlib.metadata.version("fastmcp")
    way = " over HTTP" if OVER_HTTP else ""
    print(f"fastmcp {version}{way}, {mode} ({protocol}): {tools} tools listed; called, watched, cancelled, confirmed, paged")
