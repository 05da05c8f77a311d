"""The official Databricks SDK for Python against the sandbox.

    DATABRICKS_HOST=… DATABRICKS_TOKEN=… python databricks_sdk.py
"""

import base64
import io

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service import compute, jobs, sql, workspace
from databricks.sdk.version import __version__

w = WorkspaceClient()

clusters = list(w.clusters.list())
assert clusters, "no cluster"
running = next(c for c in clusters if c.state == compute.State.RUNNING)

warehouse = next(iter(w.warehouses.list()))
statement = w.statement_execution.execute_statement(
    warehouse_id=warehouse.id, statement="SELECT 1 AS one, CAST(NULL AS STRING) AS nothing"
)
assert statement.status.state == sql.StatementState.SUCCEEDED, statement
assert statement.result.data_array == [["1", None]], statement

assert any(c.name == "samples" for c in w.catalogs.list())
trips = w.tables.get("samples.nyctaxi.trips")
assert any(column.name == "fare_amount" for column in trips.columns)

path = f"/Users/{w.current_user.me().user_name}/sdk-notebook"
code = "dbutils.notebook.exit('from the SDK')"
w.workspace.import_(
    path,
    content=base64.b64encode(code.encode()).decode(),
    format=workspace.ImportFormat.SOURCE,
    language=workspace.Language.PYTHON,
    overwrite=True,
)
run = w.jobs.submit(
    run_name="sdk",
    tasks=[
        jobs.SubmitTask(
            task_key="only",
            existing_cluster_id=running.cluster_id,
            notebook_task=jobs.NotebookTask(notebook_path=path),
        )
    ],
).result()
output = w.jobs.get_run_output(run.tasks[0].run_id)
assert output.notebook_output.result == "from the SDK", output

context = w.command_execution.create_and_wait(cluster_id=running.cluster_id, language=compute.Language.PYTHON)
command = w.command_execution.execute_and_wait(
    cluster_id=running.cluster_id, context_id=context.id, language=compute.Language.PYTHON, command="6 * 7"
)
assert command.results.data == "42", command
w.command_execution.destroy(running.cluster_id, context.id)

w.dbfs.upload("/sdk.txt", io.BytesIO(b"bytes"), overwrite=True)
assert w.dbfs.download("/sdk.txt").read() == b"bytes"
w.files.upload("/Volumes/main/default/files/sdk.txt", io.BytesIO(b"bytes"), overwrite=True)
assert w.files.download("/Volumes/main/default/files/sdk.txt").contents.read() == b"bytes"

try:
    w.jobs.get(123456789)
    raise AssertionError("a job that is not there was found")
except NotFound:
    pass

print(f"databricks-sdk {__version__}: clusters, SQL, catalog, notebook job, command, DBFS and volume files")
