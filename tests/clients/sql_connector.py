"""The SQL connector for Python against the sandbox, by its client in Python and by the one in Rust.

    DATABRICKS_HOST=… DATABRICKS_TOKEN=… python sql_connector.py
"""

import datetime
import decimal
import json
import os
import sys
import urllib.request
from urllib.parse import urlsplit

import databricks.sql as dbsql
from databricks.sql import __version__

host, token = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]


def warehouse():
    request = urllib.request.Request(f"{host}/api/2.0/sql/warehouses", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["warehouses"][0]["id"]


def session(backend):
    address = urlsplit(host)
    # the client in Python wants the port apart from the host, the one in Rust wants the whole
    apart = {"server_hostname": f"{address.scheme}://{address.hostname}", "_port": address.port}
    place = apart if backend == "use_sea" else {"server_hostname": host}
    with dbsql.connect(http_path=f"/sql/1.0/warehouses/{warehouse()}", access_token=token, **place, **{backend: True}) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS a, 'x' AS b, CAST(1.50 AS DECIMAL(10,2)) AS c, DATE'2024-01-02' AS d, NULL AS e, true AS f")
            assert [column[0] for column in cursor.description] == list("abcdef"), cursor.description
            assert tuple(cursor.fetchone()) == (1, "x", decimal.Decimal("1.50"), datetime.date(2024, 1, 2), None, True)
            cursor.execute("SELECT id FROM range(100000)")
            first, rest = cursor.fetchmany(10), cursor.fetchall()
            assert (len(first), len(rest)) == (10, 99_990), (len(first), len(rest))
            cursor.execute("SELECT :a + 1 AS s", {"a": 5})
            assert cursor.fetchone()[0] == 6
            cursor.execute("SELECT * FROM samples.nyctaxi.trips LIMIT 5")
            assert cursor.fetchall_arrow().num_rows == 5
            table = f"main.default.connector_{backend}"
            cursor.execute(f"CREATE OR REPLACE TABLE {table} (n INT, s STRING)")
            cursor.execute(f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b')")
            cursor.execute("USE SCHEMA main.default")
            cursor.execute(f"SELECT sum(n) FROM connector_{backend}")
            assert cursor.fetchone()[0] == 3
            cursor.execute(f"DROP TABLE {table}")
            try:
                cursor.execute("SELECT nothing FROM samples.tpch.region")
            except dbsql.Error as error:
                assert "UNRESOLVED_COLUMN" in str(error), error
            else:
                raise AssertionError("an unknown column was found")
            cursor.catalogs()
            assert "samples" in [row[0] for row in cursor.fetchall()]
            cursor.schemas(catalog_name="samples")
            assert any("tpch" in tuple(row) for row in cursor.fetchall())
            cursor.tables(catalog_name="samples", schema_name="tpch")
            assert any("region" in tuple(row) for row in cursor.fetchall())
            cursor.columns(catalog_name="samples", schema_name="tpch", table_name="region")
            assert any("r_name" in tuple(row) for row in cursor.fetchall())
    print(f"databricks-sql-connector {__version__} with {backend}: ok")


for backend in sys.argv[1:] or ["use_sea", "use_kernel"]:
    session(backend)
