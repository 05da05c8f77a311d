#!/usr/bin/env python3
"""A workspace on loopback that answers a few reads at once, always the same: what is left is the time of the caller.

Prints its address, then serves until it is stopped. HTTP/1.1 with connections that stay open. With FAULTS=N in the environment
every N-th request fails, by turns with 429, with 503, and with a connection that ends.
"""

import asyncio
import itertools
import json
import os
import re
import sys


def cluster(number):
    """About what the service tells of a cluster."""
    name, identifier = f"analytics-{number}", f"1122-{number:06d}-cluster{number:03d}"
    spec = {
        "cluster_name": name, "spark_version": "16.4.x-scala2.12", "node_type_id": "i3.xlarge",
        "driver_node_type_id": "i3.xlarge", "autotermination_minutes": 60, "data_security_mode": "SINGLE_USER",
        "single_user_name": "someone@example.com", "runtime_engine": "PHOTON",
        "autoscale": {"min_workers": 2, "max_workers": 8},
        "aws_attributes": {"zone_id": "us-west-2a", "first_on_demand": 1, "availability": "SPOT_WITH_FALLBACK"},
        "spark_conf": {"spark.sql.shuffle.partitions": "200", "spark.databricks.delta.preview.enabled": "true"},
        "spark_env_vars": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3"},
        "custom_tags": {"team": "data", "cost_center": str(1000 + number)},
    }
    state = {
        "cluster_id": identifier, "creator_user_name": "someone@example.com", "state": ("RUNNING", "TERMINATED")[number % 2],
        "state_message": "", "start_time": 1763700000000 + number, "last_restarted_time": 1763700000000 + number,
        "last_state_loss_time": 0, "terminated_time": 0, "cluster_cores": 12.0, "cluster_memory_mb": 93696,
        "cluster_source": "UI", "jdbc_port": 10000, "spark_context_id": 4000000000000000000 + number, "driver_healthy": True,
        "driver": {"node_id": f"node{number:028d}", "private_ip": f"10.0.0.{number % 250}", "instance_id": f"i-{number:017d}"},
        "default_tags": {"Vendor": "Databricks", "ClusterName": name, "ClusterId": identifier},
    }
    return {**spec, **state, "spec": spec}


ANSWERS = {
    r"/api/2\.\d/clusters/list": {"clusters": [cluster(number) for number in range(100)]},
    r"/api/2\.\d/jobs/list": {"jobs": [], "has_more": False},
    r"/api/2\.0/preview/scim/v2/Me": {"id": "1", "userName": "someone@example.com", "active": True},
    r"/api/2\.0/sql/warehouses": {"warehouses": []},
}
ANSWERS = [(re.compile(path), json.dumps(answer).encode()) for path, answer in ANSWERS.items()]
UNKNOWN = json.dumps({"error_code": "ENDPOINT_NOT_FOUND", "message": "the stub has no such path"}).encode()

FAULTS = int(os.environ.get("FAULTS", "0"))
WAYS = itertools.cycle(["429 Too Many Requests", "503 Service Unavailable", None])
LATER = json.dumps({"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "later"}).encode()
requests = itertools.count(1)


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"(?im)^content-length: *(\d+)", head)
            if length:
                await reader.readexactly(int(length[1]))
            path = head.split(" ", 2)[1].split("?", 1)[0]
            found = next((body for pattern, body in ANSWERS if pattern.fullmatch(path)), None)
            body = UNKNOWN if found is None else found
            status = "404 Not Found" if found is None else "200 OK"
            more = []
            if FAULTS and next(requests) % FAULTS == 0:
                status, body, more = next(WAYS), LATER, ["retry-after: 0.01"]
                if status is None:
                    return
            lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *more]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(0)
