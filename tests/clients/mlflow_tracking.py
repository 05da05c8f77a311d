"""MLflow's client against the sandbox: an experiment, a run with parameters and metrics, a registered model.

    DATABRICKS_HOST=… DATABRICKS_TOKEN=… python mlflow_tracking.py
"""

import time

import mlflow
from mlflow import MlflowClient

mlflow.set_tracking_uri("databricks")
mlflow.set_registry_uri("databricks")
client = MlflowClient()
name = f"/Shared/mlflow-{time.time_ns()}"
experiment = mlflow.set_experiment(name)
assert client.get_experiment_by_name(name).experiment_id == experiment.experiment_id
with mlflow.start_run(run_name="first") as run:
    mlflow.log_param("kind", "a")
    mlflow.log_params({"depth": 3, "rate": 0.1})
    for step, loss in enumerate([1.0, 0.5, 0.25]):
        mlflow.log_metric("loss", loss, step=step)
    mlflow.log_metrics({"accuracy": 0.9})
    mlflow.set_tag("team", "x")
got = client.get_run(run.info.run_id)
assert got.info.status == "FINISHED" and got.data.params == {"kind": "a", "depth": "3", "rate": "0.1"}, got
assert got.data.metrics == {"loss": 0.25, "accuracy": 0.9} and got.data.tags["team"] == "x", got
assert [metric.value for metric in client.get_metric_history(run.info.run_id, "loss")] == [1.0, 0.5, 0.25]
found = client.search_runs([experiment.experiment_id], filter_string="metrics.loss < 0.3 and params.kind = 'a'", order_by=["metrics.loss DESC"])
assert [one.info.run_id for one in found] == [run.info.run_id]
assert client.search_experiments(filter_string=f"name = '{name}'")[0].name == name
model = f"model-{time.time_ns()}"
client.create_registered_model(model, description="d")
version = client.create_model_version(model, source=f"dbfs:/models/{model}", run_id=run.info.run_id)
assert version.version == "1" or version.version == 1
client.update_model_version(model, version.version, description="v")
client.set_registered_model_tag(model, "a", "b")
assert client.get_registered_model(model).tags == {"a": "b"}
assert [one.name for one in client.search_registered_models(filter_string=f"name = '{model}'")] == [model]
client.delete_registered_model_tag(model, "a")
staged = client.transition_model_version_stage(model, version.version, "Staging")
assert staged.current_stage == "Staging", staged
assert [one.version for one in client.get_latest_versions(model, stages=["Staging"])] == [version.version]
client.transition_model_version_stage(model, version.version, "Archived", archive_existing_versions=False)
client.delete_model_version(model, version.version)
client.delete_registered_model(model)
client.delete_run(run.info.run_id)
client.restore_run(run.info.run_id)
client.delete_experiment(experiment.experiment_id)
print(f"mlflow {mlflow.__version__}: experiment, run, registered model")
