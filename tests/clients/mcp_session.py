"""A session of the Python `mcp` client with the server: list, call, read the answer, be told what is wrong.

    python mcp_session.py BINARY

Works with 1.x and 2.x of the package; with 2.x in both eras of the protocol.
"""

import asyncio
import importlib.metadata
import json
import sys
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

SERVER = StdioServerParameters(command=sys.argv[1], args=["serve", "--sandbox"])
MAJOR = int(importlib.metadata.version("mcp").split(".")[0])


@asynccontextmanager
async def session(mode):
    if mode is None:
        async with stdio_client(SERVER) as streams, ClientSession(*streams) as client:
            await client.initialize()
            yield client
    else:
        from mcp import Client

        async with Client(SERVER, mode=mode) as client:
            yield client


def field(value, old, new):
    """A field by its name in 1.x or in 2.x."""
    return getattr(value, old) if hasattr(value, old) else getattr(value, new)


async def check(mode):
    async with session(mode) as client:
        tools = (await client.list_tools()).tools
        assert len(tools) >= 30, len(tools)
        for tool in tools:
            assert field(tool, "inputSchema", "input_schema")["type"] == "object", tool.name

        async def answer(name, arguments):
            result = await client.call_tool(name, arguments)
            assert not field(result, "isError", "is_error"), result
            structured = field(result, "structuredContent", "structured_content")
            assert json.loads(result.content[0].text) == structured
            return structured

        trips = await answer("execute_sql", {"statement": "SELECT COUNT(*) FROM samples.nyctaxi.trips"})
        assert int(trips["rows"][0][0]) > 0, trips
        context = await answer("create_execution_context", {})
        ids = {key: context[key] for key in ("cluster_id", "context_id")}
        await answer("execute_command", {**ids, "code": "x = 41"})
        assert (await answer("execute_command", {**ids, "code": "x + 1"}))["result"] == "42"
        wrong = await client.call_tool("get_cluster", {"clusterid": "x"})
        assert field(wrong, "isError", "is_error") and "did you mean `cluster_id`?" in wrong.content[0].text, wrong
        return len(tools)


for mode in [None] if MAJOR < 2 else [None, "legacy", "auto", "2026-07-28"]:
    tools = asyncio.run(check(mode))
    print(f"mcp {importlib.metadata.version('mcp')}, {mode or 'session'}: {tools} tools listed and called")
