"""The hook of Airflow's Databricks provider against the sandbox: a job made, run, watched and read.

Airflow brings some 150 packages, so this is not part of run.sh:

    python -m venv airflow && airflow/bin/pip install apache-airflow-providers-databricks
    DATABRICKS_HOST=… DATABRICKS_TOKEN=… airflow/bin/python airflow_hook.py
"""

import base64
import json
import os
import time
import urllib.request
from urllib.parse import urlsplit

host, token = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]
address = urlsplit(host)
os.environ["AIRFLOW_CONN_DATABRICKS_DEFAULT"] = json.dumps(
    {"conn_type": "databricks", "schema": address.scheme, "host": address.hostname, "port": address.port, "password": token, "extra": {}}
)

from airflow.providers.databricks.hooks.databricks import DatabricksHook, RunLifeCycleState  # noqa: E402

hook = DatabricksHook()
ok, words = hook.test_connection()
assert ok, words


def call(path, body):
    request = urllib.request.Request(f"{host}/api/{path}", json.dumps(body).encode(), {"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


notebook = f"/Shared/airflow-{time.time_ns()}"
code = base64.b64encode(b"dbutils.notebook.exit('from ' + dbutils.widgets.get('who'))").decode()
call("2.0/workspace/import", {"path": notebook, "language": "PYTHON", "content": code})


def watch(run_id):
    while True:
        state = hook.get_run_state(run_id)
        if state.is_terminal:
            assert state.is_successful, state
            return
        time.sleep(0.2)


task = {"task_key": "t", "notebook_task": {"notebook_path": notebook, "base_parameters": {"who": "airflow"}}}
run = hook.submit_run({"run_name": "airflow", "tasks": [task]})
watch(run)
output = hook.get_run_output(hook.get_run(run)["tasks"][0]["run_id"])
assert output["notebook_output"]["result"] == "from airflow", output
job = hook.create_job({"name": f"airflow-{time.time_ns()}", "tasks": [task]})
run = hook.run_now({"job_id": job})
watch(run)
assert hook.get_job_id(run) == job and hook.get_run_page_url(run).startswith("http")
assert job in [one["job_id"] for one in hook.list_jobs()]
assert hook.find_job_id_by_name(hook.get_run(run)["run_name"]) == job
assert hook.get_run_state(run).life_cycle_state == RunLifeCycleState.TERMINATED.value
cluster = hook._do_api_call(("GET", "2.1/clusters/list"))["clusters"][0]
assert hook.get_cluster_state(cluster["cluster_id"]).state == cluster["state"]
hook.cancel_all_runs(job)
print("airflow's Databricks hook: runs, jobs, clusters")
