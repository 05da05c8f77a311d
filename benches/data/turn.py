"""One turn of the official packages: `turn.py results|rows|listing URL AMOUNT` prints seconds and the most memory in kB.

As in the turns of Rust, the clock runs from the first call: starting Python and importing packages is not counted.
"""

import logging
import resource
import sys
import tempfile
import time
import urllib.request

import databricks.sdk
import databricks.sql
import pyarrow.parquet

what, url, amount = sys.argv[1], sys.argv[2], int(sys.argv[3])
logging.disable(logging.WARNING)

# Rows of a chunk: see server.rs.
ROWS = 150_000


def connection():
    host, port = url.rsplit(":", 1)
    return databricks.sql.connect(
        server_hostname=host,
        _port=int(port),
        http_path="/sql/1.0/warehouses/w",
        access_token="token",
        use_sea=True,
        enable_telemetry=False,
    )


def results(chunks):
    """To Parquet, by the writer that pyarrow has, as the rows come."""
    count, writer = 0, None
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, connection() as session, session.cursor() as cursor:
        cursor.execute(f"chunks {chunks}")
        while (table := cursor.fetchmany_arrow(ROWS)).num_rows:
            writer = writer or pyarrow.parquet.ParquetWriter(file.name, table.schema, compression="snappy")
            writer.write_table(table)
            count += table.num_rows
        writer.close()
    assert count == chunks * ROWS, count


def rows(chunks):
    count = 0
    with connection() as session, session.cursor() as cursor:
        cursor.execute(f"chunks {chunks}")
        while fetched := cursor.fetchmany(10_000):
            for row in fetched:
                count += row[0] >= 0
    assert count == chunks * ROWS, count


def listing(jobs):
    client = databricks.sdk.WorkspaceClient(host=url, token="token")
    count = sum(1 for _ in client.jobs.list(limit=100, name=str(jobs)))
    assert count == jobs, count


if what != "listing":
    amount = int(urllib.request.urlopen(f"{url}/chunks/{amount}").read())
began = time.perf_counter()
{"results": results, "rows": rows, "listing": listing}[what](amount)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
