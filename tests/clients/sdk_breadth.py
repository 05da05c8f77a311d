"""Every service of the sandbox by the official SDK for Python: create, get, list, update, delete.

    DATABRICKS_HOST=… DATABRICKS_TOKEN=… python sdk_breadth.py [part of a service's name]

Prints a line for each service, and fails at the end if one failed. Each step looks at what came back.
"""

import base64
import datetime
import io
import os
import sys
import time
import traceback

from databricks.sdk import AccountClient, WorkspaceClient
from databricks.sdk.errors import AlreadyExists, BadRequest, DatabricksError, NotFound, PermissionDenied, ResourceAlreadyExists
from databricks.sdk.service import (
    apps, billing, catalog, cleanrooms, compute, dashboards, database, iam, jobs, ml, oauth2, pipelines, provisioning, serving,
    settings, sharing, sql, vectorsearch, workspace,
)
from databricks.sdk.version import __version__

w = WorkspaceClient()
calls = set()


def watch():
    """Counts the methods that are called, by the operations of the documents."""
    send = w.api_client.do

    def counted(method, path=None, **kwargs):
        frame = sys._getframe(1)
        owner = frame.f_locals.get("self")
        calls.add(f"{type(owner).__name__}.{frame.f_code.co_name}")
        return send(method, path=path, **kwargs)

    w.api_client.do = counted


watch()
ROUNDS = []


def service(function):
    ROUNDS.append(function)
    return function


def unique(prefix="sdk"):
    return f"{prefix}-{time.time_ns()}"


def gone(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except (NotFound, BadRequest):
        return
    raise AssertionError(f"{call} still answers for {args} {kwargs}")


def refused(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind:
        return
    raise AssertionError(f"{call} was not refused for {args} {kwargs}")


ME = w.current_user.me().user_name


@service
def secrets():
    scope, key = unique("scope"), unique("key")
    w.secrets.create_scope(scope=scope)
    refused(DatabricksError, w.secrets.create_scope, scope=scope)
    assert scope in [s.name for s in w.secrets.list_scopes()]
    w.secrets.put_secret(scope=scope, key=key, string_value="hush")
    assert base64.b64decode(w.secrets.get_secret(scope=scope, key=key).value) == b"hush"
    listed = list(w.secrets.list_secrets(scope=scope))
    assert [s.key for s in listed] == [key] and listed[0].last_updated_timestamp
    w.secrets.put_acl(scope=scope, principal="users", permission=workspace.AclPermission.READ)
    assert w.secrets.get_acl(scope=scope, principal="users").permission == workspace.AclPermission.READ
    assert {a.principal for a in w.secrets.list_acls(scope=scope)} == {ME, "users"}
    w.secrets.delete_acl(scope=scope, principal="users")
    w.secrets.delete_secret(scope=scope, key=key)
    gone(w.secrets.get_secret, scope=scope, key=key)
    w.secrets.delete_scope(scope=scope)
    refused(NotFound, lambda: list(w.secrets.list_secrets(scope=scope)))


@service
def users_and_groups():
    user = w.users.create(display_name=unique(), user_name=f"{unique()}@example.com")
    got = w.users.get(user.id)
    assert got.user_name == user.user_name and got.active
    found = list(w.users.list(attributes="id,userName", sort_by="userName", filter=f'userName eq "{user.user_name}"', sort_order=iam.ListSortOrder.DESCENDING))
    assert [u.id for u in found] == [user.id]
    w.users.update(user.id, user_name=user.user_name, active=True, display_name="renamed")
    w.users.patch(user.id, schemas=[iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP], operations=[iam.Patch(op=iam.PatchOp.REPLACE, path="active", value="false")])
    principal = w.service_principals.create(display_name=unique())
    assert w.service_principals.get(principal.id).application_id
    w.service_principals.update(principal.id, display_name="renamed", roles=[iam.ComplexValue(value="xyz")])
    assert w.service_principals.get(principal.id).display_name == "renamed"
    w.service_principals.patch(principal.id, operations=[iam.Patch(op=iam.PatchOp.REPLACE, path="active", value="false")], schemas=[iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP])
    assert principal.id in [p.id for p in w.service_principals.list()]
    group = w.groups.create(display_name=unique())
    w.groups.patch(group.id, operations=[iam.Patch(op=iam.PatchOp.ADD, value={"members": [{"value": user.id}, {"value": principal.id}]})], schemas=[iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP])
    assert {m.value for m in w.groups.get(group.id).members} == {user.id, principal.id}
    assert group.display_name in [g.display for g in w.users.get(user.id).groups]
    w.groups.update(group.id, display_name="renamed-" + group.display_name)
    assert group.id in [g.id for g in w.groups.list()]
    w.groups.delete(group.id)
    gone(w.groups.get, group.id)
    w.users.delete(user.id)
    gone(w.users.get, user.id)
    w.service_principals.delete(principal.id)
    gone(w.service_principals.get, principal.id)


@service
def tokens():
    token = w.tokens.create(comment=unique(), lifetime_seconds=300)
    assert WorkspaceClient(host=w.config.host, token=token.token_value).current_user.me().user_name == ME
    assert token.token_info.token_id in [t.token_id for t in w.tokens.list()]
    assert w.token_management.get(token.token_info.token_id).token_info.created_by_username == ME
    assert token.token_info.token_id in [t.token_id for t in w.token_management.list()]
    w.tokens.delete(token_id=token.token_info.token_id)
    refused(PermissionDenied, lambda: WorkspaceClient(host=w.config.host, token=token.token_value).current_user.me())
    principal = w.service_principals.create(display_name=unique())
    obo = w.token_management.create_obo_token(application_id=principal.application_id, lifetime_seconds=60)
    their = WorkspaceClient(host=w.config.host, token=obo.token_value)
    assert their.current_user.me().user_name == principal.application_id
    w.token_management.delete(obo.token_info.token_id)
    w.token_management.set_permissions(access_control_list=[settings.TokenAccessControlRequest(group_name="users", permission_level=settings.TokenPermissionLevel.CAN_USE)])
    assert w.token_management.get_permissions().access_control_list
    assert w.token_management.get_permission_levels().permission_levels
    w.service_principals.delete(principal.id)


@service
def permissions():
    cluster = next(iter(w.clusters.list())).cluster_id
    job = w.jobs.create(name=unique())
    group = w.groups.create(display_name=unique())
    for kind, id, level in [
        ("clusters", cluster, iam.PermissionLevel.CAN_RESTART),
        ("jobs", str(job.job_id), iam.PermissionLevel.CAN_MANAGE_RUN),
        ("warehouses", next(iter(w.warehouses.list())).id, iam.PermissionLevel.CAN_USE),
    ]:
        levels = w.permissions.get_permission_levels(kind, id).permission_levels
        assert level in [it.permission_level for it in levels], levels
        entry = iam.AccessControlRequest(group_name=group.display_name, permission_level=level)
        w.permissions.set(kind, id, access_control_list=[entry])
        got = w.permissions.get(kind, id)
        entry = next(e for e in got.access_control_list if e.group_name == group.display_name)
        assert entry.all_permissions[0].permission_level == level
        assert any(e.group_name == "admins" and e.all_permissions[0].inherited for e in got.access_control_list)
        w.permissions.update(kind, id, access_control_list=[iam.AccessControlRequest(user_name=ME, permission_level=iam.PermissionLevel.CAN_MANAGE)])
    path = f"/Users/{ME}/{unique()}"
    w.workspace.import_(path, content=base64.b64encode(b"1").decode(), format=workspace.ImportFormat.SOURCE, language=workspace.Language.PYTHON, overwrite=True)
    notebook = str(w.workspace.get_status(path).object_id)
    w.permissions.set("notebooks", notebook, access_control_list=[iam.AccessControlRequest(group_name=group.display_name, permission_level=iam.PermissionLevel.CAN_RUN)])
    assert w.permissions.get_permission_levels("notebooks", notebook).permission_levels
    gone(w.permissions.get, "jobs", "1")
    w.jobs.delete(job.job_id)
    w.groups.delete(group.id)


@service
def instance_pools():
    node = w.clusters.select_node_type(local_disk=True)
    pool = w.instance_pools.create(instance_pool_name=unique(), node_type_id=node)
    got = w.instance_pools.get(pool.instance_pool_id)
    assert got.state == compute.InstancePoolState.ACTIVE and got.node_type_id == node
    assert pool.instance_pool_id in [p.instance_pool_id for p in w.instance_pools.list()]
    w.instance_pools.edit(pool.instance_pool_id, instance_pool_name="renamed", node_type_id=node)
    assert w.instance_pools.get(pool.instance_pool_id).instance_pool_name == "renamed"
    assert w.instance_pools.get_permission_levels(pool.instance_pool_id).permission_levels
    w.instance_pools.delete(pool.instance_pool_id)
    gone(w.instance_pools.get, pool.instance_pool_id)


@service
def cluster_policies():
    definition = '{"spark_conf.spark.databricks.delta.preview.enabled": {"type": "fixed", "value": true}}'
    policy = w.cluster_policies.create(name=unique(), definition=definition)
    assert w.cluster_policies.get(policy.policy_id).definition == definition
    refused(DatabricksError, w.cluster_policies.create, name=unique(), definition="{")
    w.cluster_policies.edit(policy.policy_id, name=unique("edited"), definition="{}")
    assert policy.policy_id in [p.policy_id for p in w.cluster_policies.list()]
    w.cluster_policies.delete(policy.policy_id)
    gone(w.cluster_policies.get, policy.policy_id)
    family = next(iter(w.policy_families.list()))
    assert w.policy_families.get(family.policy_family_id).definition
    of_family = w.cluster_policies.create(name=unique(), policy_family_id=family.policy_family_id, policy_family_definition_overrides=definition)
    assert "preview.enabled" in w.cluster_policies.get(of_family.policy_id).definition
    w.cluster_policies.delete(of_family.policy_id)


@service
def cluster_owners():
    cluster = w.clusters.create(cluster_name=unique(), spark_version=w.clusters.select_spark_version(latest=True, long_term_support=True), node_type_id=w.clusters.select_node_type(local_disk=True), num_workers=1, autotermination_minutes=15).result()
    user = w.users.create(user_name=f"{unique()}@example.com")
    refused(DatabricksError, w.clusters.change_owner, cluster_id=cluster.cluster_id, owner_username=user.user_name)
    w.clusters.delete(cluster_id=cluster.cluster_id).result()
    w.clusters.change_owner(cluster_id=cluster.cluster_id, owner_username=user.user_name)
    assert w.clusters.get(cluster.cluster_id).creator_user_name == user.user_name
    refused(DatabricksError, w.clusters.change_owner, cluster_id=cluster.cluster_id, owner_username="nobody@example.com")
    w.clusters.permanent_delete(cluster_id=cluster.cluster_id)
    w.users.delete(user.id)
    for wanted in ({"photon": True}, {"gpu": True, "ml": True}, {"scala": "2.13"}, {"spark_version": "3.5"}):
        assert w.clusters.select_spark_version(**wanted)


@service
def dbutils_on_a_cluster():
    cluster = next(c for c in w.clusters.list() if c.state == compute.State.RUNNING).cluster_id
    far = WorkspaceClient(cluster_id=cluster).dbutils
    assert "/Volumes" in [mount[0] for mount in far.fs.mounts()]
    refused(Exception, far.fs.mount, "wasb://somewhere", "/mnt/x")
    path = f"/tmp/{unique()}"
    far.fs.put(f"{path}/a.txt", "abc", True)
    assert far.fs.head(f"{path}/a.txt") == "abc" and [f.name for f in far.fs.ls(path)] == ["a.txt"]
    far.fs.rm(path, True)
    scope = unique("scope")
    w.secrets.create_scope(scope=scope)
    w.secrets.put_secret(scope=scope, key="k", string_value="hush")
    assert far.secrets.get(scope, "k") == "hush" and far.secrets.getBytes(scope, "k") == b"hush"
    w.secrets.delete_scope(scope=scope)


@service
def files_of_many_parts():
    root = f"/Volumes/main/default/files/{unique()}"
    content = os.urandom(12 * 1024 * 1024)
    w.files.upload(f"{root}/one", io.BytesIO(content))
    refused(AlreadyExists, w.files.upload, f"{root}/one", io.BytesIO(content), overwrite=False)
    w.files.upload(f"{root}/two", io.BytesIO(content), use_parallel=True, part_size=5 * 1024 * 1024)
    for name in ("one", "two"):
        assert w.files.download(f"{root}/{name}").contents.read() == content
        assert w.files.get_metadata(f"{root}/{name}").content_length == len(content)
        w.files.delete(f"{root}/{name}")
    w.files.delete_directory(root)
    gone(w.files.get_directory_metadata, root)


@service
def notebooks_up_and_down():
    path = f"/Users/{ME}/{unique()}.py"
    w.workspace.upload(path, io.BytesIO(b"print(1)"))
    with w.workspace.download(path) as notebook:
        assert notebook.read() == b"# Databricks notebook source\nprint(1)"
    w.workspace.delete(path)
    assert [item.path for item in w.workspace.list(f"/Users/{ME}", recursive=True)]


@service
def jobs_for_each_and_on_schedule():
    path = f"/Users/{ME}/{unique()}"
    w.workspace.import_(path, content=base64.b64encode(b"dbutils.notebook.exit(dbutils.widgets.get('n') * 2)").decode(), format=workspace.ImportFormat.SOURCE, language=workspace.Language.PYTHON)
    one = jobs.Task(task_key="one", notebook_task=jobs.NotebookTask(notebook_path=path, base_parameters={"n": "{{input}}"}))
    job = w.jobs.create(name=unique(), tasks=[jobs.Task(task_key="all", for_each_task=jobs.ForEachTask(inputs='["a", "b", "c"]', concurrency=2, task=one))], schedule=jobs.CronSchedule(quartz_cron_expression="0/1 * * * * ?", timezone_id="UTC", pause_status=jobs.PauseStatus.PAUSED))
    run = w.jobs.run_now(job_id=job.job_id).result()
    assert run.state.result_state == jobs.RunResultState.SUCCESS and run.tasks[0].for_each_task.stats.task_run_stats.succeeded_iterations == 3
    iterations = w.jobs.get_run(run.tasks[0].run_id).iterations
    assert [w.jobs.get_run_output(i.run_id).notebook_output.result for i in iterations] == ["aa", "bb", "cc"]
    w.jobs.update(job_id=job.job_id, new_settings=jobs.JobSettings(schedule=jobs.CronSchedule(quartz_cron_expression="0/1 * * * * ?", timezone_id="UTC")))
    deadline = time.time() + 20
    while not any(r.trigger == jobs.TriggerType.PERIODIC for r in w.jobs.list_runs(job_id=job.job_id)):
        assert time.time() < deadline, "the schedule did not fire"
        time.sleep(0.5)
    refused(BadRequest, w.jobs.create, name=unique(), schedule=jobs.CronSchedule(quartz_cron_expression="never", timezone_id="UTC"))
    w.jobs.delete(job_id=job.job_id)
    w.workspace.delete(path)


@service
def grants_by_statement():
    warehouse = next(iter(w.warehouses.list())).id
    principal = w.service_principals.create(display_name=unique())
    run = lambda client, text: client.statement_execution.execute_statement(warehouse_id=warehouse, statement=text, wait_timeout="30s")
    w.permissions.update("warehouses", warehouse, access_control_list=[iam.AccessControlRequest(service_principal_name=principal.application_id, permission_level=iam.PermissionLevel.CAN_USE)])
    secret = w.service_principal_secrets_proxy.create(principal.id)
    their = WorkspaceClient(host=w.config.host, client_id=principal.application_id, client_secret=secret.secret, auth_type="oauth-m2m")
    table = f"main.default.{unique('t').replace('-', '_')}"
    assert run(w, f"CREATE TABLE {table} AS SELECT 1 AS a").status.state == sql.StatementState.SUCCEEDED
    assert "INSUFFICIENT_PERMISSIONS" in run(their, f"SELECT * FROM {table}").status.error.message
    for grant in ("USE CATALOG ON CATALOG main", "USE SCHEMA ON SCHEMA main.default", f"SELECT ON TABLE {table}"):
        assert run(w, f"GRANT {grant} TO `{principal.application_id}`").status.state == sql.StatementState.SUCCEEDED
    assert run(their, f"SELECT * FROM {table}").result.data_array == [["1"]]
    assert catalog.Privilege.SELECT in w.grants.get("table", table).privilege_assignments[0].privileges
    run(w, f"DROP TABLE {table}")
    w.service_principals.delete(principal.id)


@service
def global_init_scripts():
    script = base64.b64encode(b"echo 1").decode()
    made = w.global_init_scripts.create(name=unique(), script=script, enabled=True, position=0)
    assert w.global_init_scripts.get(made.script_id).script == script
    w.global_init_scripts.update(made.script_id, name="renamed", script=base64.b64encode(b"echo 2").decode())
    assert w.global_init_scripts.get(made.script_id).name == "renamed"
    assert made.script_id in [s.script_id for s in w.global_init_scripts.list()]
    w.global_init_scripts.delete(made.script_id)
    gone(w.global_init_scripts.get, made.script_id)


@service
def instance_profiles():
    arn = f"arn:aws:iam::000000000000:instance-profile/{unique()}"
    w.instance_profiles.add(instance_profile_arn=arn, skip_validation=True, iam_role_arn="arn:aws:iam::000000000000:role/a")
    w.instance_profiles.edit(instance_profile_arn=arn, iam_role_arn="arn:aws:iam::000000000000:role/b")
    assert any(p.instance_profile_arn == arn and p.iam_role_arn.endswith("/b") for p in w.instance_profiles.list())
    w.instance_profiles.remove(instance_profile_arn=arn)


@service
def libraries():
    cluster = next(c for c in w.clusters.list() if c.state == compute.State.RUNNING).cluster_id
    library = compute.Library(pypi=compute.PythonPyPiLibrary(package="simplejson"))
    w.libraries.install(cluster, [library])
    assert [s.library for s in w.libraries.cluster_status(cluster)] == [library]
    assert cluster in [s.cluster_id for s in w.libraries.all_cluster_statuses()]
    w.libraries.uninstall(cluster, [library])


@service
def git_credentials_and_repos():
    for known in w.git_credentials.list():
        w.git_credentials.delete(known.credential_id)
    made = w.git_credentials.create(git_provider="gitHub", git_username="test", personal_access_token="secret")
    assert w.git_credentials.get(made.credential_id).git_username == "test"
    w.git_credentials.update(made.credential_id, git_provider="gitHub", git_username="other", personal_access_token=unique())
    assert [c.git_username for c in w.git_credentials.list()] == ["other"]
    w.git_credentials.delete(made.credential_id)
    path = f"/Users/{ME}/{unique()}"
    repo = w.repos.create(path=path, url="https://github.com/a/b.git", provider="github")
    assert w.repos.get(repo.id).path == path
    w.repos.update(repo.id, branch="foo")
    assert w.repos.get(repo.id).branch == "foo"
    assert repo.id in [r.id for r in w.repos.list(path_prefix="/")]
    assert w.workspace.get_status(path)
    assert w.repos.get_permission_levels(str(repo.id)).permission_levels
    w.repos.delete(repo.id)
    gone(w.repos.get, repo.id)


@service
def delta_pipelines():
    made = w.pipelines.create(continuous=False, name=unique(), libraries=[pipelines.PipelineLibrary(notebook=pipelines.NotebookLibrary(path="/a"))], clusters=[pipelines.PipelineCluster(label="default", num_workers=1)])
    got = w.pipelines.get(made.pipeline_id)
    assert got.state == pipelines.PipelineState.IDLE and got.spec.libraries
    update = w.pipelines.start_update(made.pipeline_id)
    assert w.pipelines.get_update(made.pipeline_id, update.update_id).update.state == pipelines.UpdateInfoState.COMPLETED
    assert w.pipelines.list_updates(made.pipeline_id).updates
    assert w.pipelines.wait_get_pipeline_idle(made.pipeline_id)
    w.pipelines.update(made.pipeline_id, name="renamed-" + unique(), libraries=[])
    assert list(w.pipelines.list_pipeline_events(made.pipeline_id))
    assert made.pipeline_id in [p.pipeline_id for p in w.pipelines.list_pipelines()]
    w.pipelines.stop(made.pipeline_id)
    w.pipelines.delete(made.pipeline_id)
    gone(w.pipelines.get, made.pipeline_id)


@service
def serving_endpoints():
    name = unique()
    entity = serving.ServedEntityInput(entity_name="main.default.model", entity_version="1", workload_size="Small", scale_to_zero_enabled=True)
    made = w.serving_endpoints.create_and_wait(name=name, config=serving.EndpointCoreConfigInput(name=name, served_entities=[entity]))
    assert made.config.config_version == 1 and made.config.traffic_config.routes[0].traffic_percentage == 100
    updated = w.serving_endpoints.update_config_and_wait(name, served_entities=[entity])
    assert updated.config.config_version == 2
    assert w.serving_endpoints.patch(name, add_tags=[serving.EndpointTag(key="a", value="b")]).tags[0].value == "b"
    w.serving_endpoints.put_ai_gateway(name, usage_tracking_config=serving.AiGatewayUsageTrackingConfig(enabled=True))
    assert w.serving_endpoints.get(name).ai_gateway.usage_tracking_config.enabled
    assert name in [e.name for e in w.serving_endpoints.list()]
    refused(DatabricksError, w.serving_endpoints.query, name, inputs=["a"])
    w.serving_endpoints.delete(name)
    gone(w.serving_endpoints.get, name)


@service
def experiments():
    made = w.experiments.create_experiment(name=f"/Users/{ME}/{unique()}")
    run = w.experiments.create_run(experiment_id=made.experiment_id, tags=[ml.RunTag(key="foo", value="bar")]).run
    id = run.info.run_id
    w.experiments.log_metric(run_id=id, key="loss", value=1.5, timestamp=1, step=0)
    w.experiments.log_metric(run_id=id, key="loss", value=0.5, timestamp=2, step=1)
    w.experiments.log_param(run_id=id, key="kind", value="a")
    w.experiments.log_batch(run_id=id, tags=[ml.RunTag(key="t", value="u")], metrics=[ml.Metric(key="acc", value=0.9, timestamp=3, step=1)])
    w.experiments.set_tag(run_id=id, key="x", value="y")
    w.experiments.delete_tag(run_id=id, key="x")
    got = w.experiments.get_run(id).run
    assert {m.key: m.value for m in got.data.metrics} == {"loss": 0.5, "acc": 0.9}
    assert [m.value for m in w.experiments.get_history(metric_key="loss", run_id=id)] == [1.5, 0.5]
    found = list(w.experiments.search_runs(experiment_ids=[made.experiment_id], filter="metrics.loss < 1 and params.kind = 'a'"))
    assert [r.info.run_id for r in found] == [id]
    w.experiments.update_run(run_id=id, status=ml.UpdateRunStatus.FINISHED, end_time=int(time.time() * 1000))
    assert w.experiments.get_run(id).run.info.status == ml.RunInfoStatus.FINISHED
    assert list(w.experiments.list_artifacts(run_id=id)) == []
    w.experiments.delete_run(id)
    w.experiments.restore_run(id)
    w.experiments.set_experiment_tag(experiment_id=made.experiment_id, key="k", value="v")
    w.experiments.update_experiment(experiment_id=made.experiment_id, new_name=f"/Users/{ME}/{unique()}")
    name = w.experiments.get_experiment(made.experiment_id).experiment.name
    assert w.experiments.get_by_name(name).experiment.experiment_id == made.experiment_id
    assert made.experiment_id in [e.experiment_id for e in w.experiments.list_experiments()]
    assert made.experiment_id in [e.experiment_id for e in w.experiments.search_experiments(filter=f"name = '{name}'")]
    assert w.experiments.get_permission_levels(made.experiment_id).permission_levels
    model = w.experiments.create_logged_model(experiment_id=made.experiment_id, name="m").model
    assert w.experiments.finalize_logged_model(model.info.model_id, ml.LoggedModelStatus.LOGGED_MODEL_READY).model.info.status == ml.LoggedModelStatus.LOGGED_MODEL_READY
    w.experiments.delete_experiment(made.experiment_id)
    w.experiments.restore_experiment(made.experiment_id)


@service
def model_registry():
    name = unique()
    w.model_registry.create_model(name)
    refused(ResourceAlreadyExists, w.model_registry.create_model, name)
    got = w.model_registry.get_model(name).registered_model_databricks
    assert got.name == name and got.id
    version = w.model_registry.create_model_version(name=name, source="dbfs:/tmp").model_version
    assert version.version == "1"
    w.model_registry.update_model_version(name=name, version="1", description="d")
    moved = w.model_registry.transition_stage(name=name, version="1", stage=ml.Stage.STAGING if hasattr(ml, "Stage") and hasattr(ml.Stage, "STAGING") else "Staging", archive_existing_versions=True)
    assert moved.model_version_databricks.current_stage == "Staging"
    assert [v.version for v in w.model_registry.get_latest_versions(name=name)] == ["1"]
    comment = w.model_registry.create_comment(comment=unique(), name=name, version="1").comment
    assert w.model_registry.update_comment(comment="new", id=comment.id).comment.comment == "new"
    w.model_registry.delete_comment(comment.id)
    request = w.model_registry.create_transition_request(name=name, version="1", stage="Production")
    assert request.request.to_stage == "Production"
    assert list(w.model_registry.list_transition_requests(name=name, version="1"))
    w.model_registry.approve_transition_request(name=name, version="1", stage="Production", archive_existing_versions=False)
    assert w.model_registry.get_model_version(name=name, version="1").model_version.current_stage == "Production"
    w.model_registry.set_model_tag(name=name, key="a", value="b")
    w.model_registry.set_model_version_tag(name=name, version="1", key="a", value="b")
    assert w.model_registry.get_model_version_download_uri(name=name, version="1").artifact_uri
    w.model_registry.update_model(name=name, description="d")
    assert name in [m.name for m in w.model_registry.list_models()]
    assert name in [m.name for m in w.model_registry.search_models(filter=f"name = '{name}'")]
    assert list(w.model_registry.search_model_versions(filter=f"name = '{name}'"))
    hook = w.model_registry.create_webhook(description="d", events=[ml.RegistryWebhookEvent.MODEL_VERSION_CREATED], http_url_spec=ml.HttpUrlSpec(url=w.config.host)).webhook
    w.model_registry.update_webhook(id=hook.id, description="e")
    assert hook.id in [h.id for h in w.model_registry.list_webhooks()]
    w.model_registry.delete_webhook(id=hook.id)
    w.model_registry.transition_stage(name=name, version="1", stage="Archived", archive_existing_versions=False)
    w.model_registry.delete_model_version(name=name, version="1")
    w.model_registry.delete_model(name)
    gone(w.model_registry.get_model, name)


@service
def queries_and_alerts():
    source = w.data_sources.list()[0]
    query = w.queries.create(query=sql.CreateQueryRequestQuery(display_name=unique(), warehouse_id=source.warehouse_id, description="d", query_text="SELECT 1"))
    assert w.queries.get(query.id).query_text == "SELECT 1"
    updated = w.queries.update(query.id, update_mask="display_name", query=sql.UpdateQueryRequestQuery(display_name="renamed", query_text="SELECT 2"))
    assert updated.display_name == "renamed" and updated.query_text == "SELECT 1"
    assert query.id in [q.id for q in w.queries.list()]
    visual = w.query_visualizations.create(visualization=sql.CreateVisualizationRequestVisualization(query_id=query.id, type="TABLE", display_name="t", serialized_options="{}"))
    assert [v.id for v in w.queries.list_visualizations(query.id)] == [visual.id]
    w.query_visualizations.update(visual.id, update_mask="display_name", visualization=sql.UpdateVisualizationRequestVisualization(display_name="u"))
    w.query_visualizations.delete(visual.id)
    condition = sql.AlertCondition(operand=sql.AlertConditionOperand(column=sql.AlertOperandColumn(name="1")), op=sql.AlertOperator.EQUAL, threshold=sql.AlertConditionThreshold(value=sql.AlertOperandValue(double_value=1)))
    alert = w.alerts.create(alert=sql.CreateAlertRequestAlert(condition=condition, display_name=unique(), query_id=query.id))
    assert w.alerts.get(alert.id).condition.op == sql.AlertOperator.EQUAL
    w.alerts.update(alert.id, update_mask="display_name", alert=sql.UpdateAlertRequestAlert(display_name="renamed"))
    assert alert.id in [a.id for a in w.alerts.list()]
    w.alerts.delete(alert.id)
    assert w.alerts.get(alert.id).lifecycle_state == sql.LifecycleState.TRASHED
    w.queries.delete(query.id)
    assert query.id not in [q.id for q in w.queries.list()]
    old = w.queries_legacy.create(name=unique(), data_source_id=source.id, query="SHOW TABLES")
    assert w.queries_legacy.get(old.id).query == "SHOW TABLES"
    w.queries_legacy.update(old.id, name="renamed")
    assert old.id in [q.id for q in w.queries_legacy.list()]
    legacy = w.alerts_legacy.create(options=sql.AlertOptions(column="1", op="==", value="1"), name=unique(), query_id=old.id)
    assert w.alerts_legacy.get(legacy.id).query.id == old.id
    w.alerts_legacy.update(legacy.id, options=sql.AlertOptions(column="1", op="==", value="2"), name=unique(), query_id=old.id)
    assert legacy.id in [a.id for a in w.alerts_legacy.list()]
    w.alerts_legacy.delete(legacy.id)
    w.queries_legacy.delete(old.id)
    w.queries_legacy.restore(old.id)
    v2 = w.alerts_v2.create_alert(sql.AlertV2(display_name=unique(), query_text="SELECT 1", warehouse_id=source.warehouse_id, evaluation=sql.AlertV2Evaluation(comparison_operator=sql.ComparisonOperator.EQUAL, source=sql.AlertV2OperandColumn(name="1")), schedule=sql.CronSchedule(quartz_cron_schedule="0 0 * * * ?", timezone_id="UTC")))
    w.alerts_v2.update_alert(v2.id, sql.AlertV2(display_name="renamed", query_text="SELECT 1", warehouse_id=source.warehouse_id, evaluation=v2.evaluation, schedule=v2.schedule), update_mask="display_name")
    assert w.alerts_v2.get_alert(v2.id).display_name == "renamed"
    w.alerts_v2.trash_alert(v2.id)


@service
def query_history():
    warehouse = next(iter(w.warehouses.list())).id
    w.statement_execution.execute_statement(warehouse_id=warehouse, statement="SELECT 42 AS answer")
    history = w.query_history.list(max_results=10)
    assert any(q.query_text == "SELECT 42 AS answer" and q.rows_produced == 1 for q in history.res), history


@service
def lakeview_dashboards():
    made = w.lakeview.create(dashboards.Dashboard(display_name=unique(), serialized_dashboard='{"pages": []}'))
    assert w.lakeview.get(made.dashboard_id).lifecycle_state == dashboards.LifecycleState.ACTIVE
    updated = w.lakeview.update(made.dashboard_id, dashboards.Dashboard(display_name="renamed", etag=made.etag))
    assert updated.display_name == "renamed" and updated.etag != made.etag
    refused(DatabricksError, w.lakeview.update, made.dashboard_id, dashboards.Dashboard(display_name="again", etag=made.etag))
    w.lakeview.publish(made.dashboard_id)
    assert w.lakeview.get_published(made.dashboard_id).display_name == "renamed"
    schedule = w.lakeview.create_schedule(made.dashboard_id, dashboards.Schedule(cron_schedule=dashboards.CronSchedule(quartz_cron_expression="0 0 8 * * ?", timezone_id="UTC")))
    assert w.lakeview.get_schedule(made.dashboard_id, schedule.schedule_id).dashboard_id == made.dashboard_id
    subscription = w.lakeview.create_subscription(made.dashboard_id, schedule.schedule_id, dashboards.Subscription(subscriber=dashboards.Subscriber(user_subscriber=dashboards.SubscriptionSubscriberUser(user_id=1))))
    assert [s.subscription_id for s in w.lakeview.list_subscriptions(made.dashboard_id, schedule.schedule_id)] == [subscription.subscription_id]
    w.lakeview.delete_schedule(made.dashboard_id, schedule.schedule_id)
    assert list(w.lakeview.list_schedules(made.dashboard_id)) == []
    w.lakeview.unpublish(made.dashboard_id)
    gone(w.lakeview.get_published, made.dashboard_id)
    assert made.dashboard_id in [d.dashboard_id for d in w.lakeview.list()]
    w.lakeview.trash(made.dashboard_id)
    assert made.dashboard_id not in [d.dashboard_id for d in w.lakeview.list()]


@service
def genie_spaces():
    warehouse = next(iter(w.warehouses.list())).id
    space = w.genie.create_space(warehouse_id=warehouse, serialized_space="{}", title="t")
    w.genie.update_space(space.space_id, title="renamed")
    assert w.genie.get_space(space.space_id).title == "renamed"
    assert space.space_id in [s.space_id for s in w.genie.list_spaces().spaces]
    w.genie.trash_space(space.space_id)
    gone(w.genie.get_space, space.space_id)


@service
def databricks_apps():
    name = f"app-{time.time_ns() % 10**12}"
    made = w.apps.create_and_wait(apps.App(name=name, description="d"))
    assert made.compute_status.state == apps.ComputeState.ACTIVE
    deployed = w.apps.deploy_and_wait(name, apps.AppDeployment(source_code_path="/Workspace/a", mode=apps.AppDeploymentMode.SNAPSHOT))
    assert deployed.status.state == apps.AppDeploymentState.SUCCEEDED
    assert w.apps.get(name).active_deployment.deployment_id == deployed.deployment_id
    assert [d.deployment_id for d in w.apps.list_deployments(name)] == [deployed.deployment_id]
    w.apps.update(name, apps.App(name=name, description="e"))
    assert w.apps.stop_and_wait(name).compute_status.state == apps.ComputeState.STOPPED
    w.apps.start_and_wait(name)
    assert name in [a.name for a in w.apps.list()]
    assert w.apps.get_permission_levels(name).permission_levels
    w.apps.delete(name)
    gone(w.apps.get, name)


@service
def functions():
    made = w.functions.create(catalog.CreateFunction(
        name=unique("f").replace("-", "_"), catalog_name="main", schema_name="default", input_params=catalog.FunctionParameterInfos(), data_type=catalog.ColumnTypeName.INT,
        full_data_type="int", routine_body=catalog.CreateFunctionRoutineBody.SQL, routine_definition="1", parameter_style=catalog.CreateFunctionParameterStyle.S,
        is_deterministic=True, sql_data_access=catalog.CreateFunctionSqlDataAccess.NO_SQL, is_null_call=False, security_type=catalog.CreateFunctionSecurityType.DEFINER, specific_name="f"))
    assert w.functions.get(made.full_name).routine_definition == "1"
    w.functions.update(made.full_name, owner=ME)
    assert made.full_name in [f.full_name for f in w.functions.list("main", "default")]
    w.functions.delete(made.full_name)
    gone(w.functions.get, made.full_name)


@service
def storage():
    credential = w.storage_credentials.create(name=unique(), aws_iam_role=catalog.AwsIamRoleRequest(role_arn="arn:aws:iam::000000000000:role/a"), comment="c")
    assert w.storage_credentials.get(credential.name).aws_iam_role.external_id
    w.storage_credentials.update(credential.name, comment="d", aws_iam_role=catalog.AwsIamRoleRequest(role_arn="arn:aws:iam::000000000000:role/b"))
    assert credential.name in [c.name for c in w.storage_credentials.list()]
    url = f"s3://{unique()}/a"
    location = w.external_locations.create(name=unique(), credential_name=credential.name, url=url, comment="c")
    assert w.external_locations.get(location.name).credential_id == credential.id
    refused(DatabricksError, w.external_locations.create, name=unique(), credential_name=credential.name, url=url + "/b")
    w.external_locations.update(location.name, credential_name=credential.name, url=f"s3://{unique()}/b")
    assert location.name in [e.name for e in w.external_locations.list()]
    w.external_locations.delete(location.name)
    gone(w.external_locations.get, location.name)
    w.storage_credentials.delete(credential.name)
    gone(w.storage_credentials.get, credential.name)
    service = w.credentials.create_credential(name=unique(), purpose=catalog.CredentialPurpose.SERVICE, aws_iam_role=catalog.AwsIamRole(role_arn="arn:aws:iam::000000000000:role/a"))
    w.credentials.update_credential(service.name, comment="c")
    assert w.credentials.get_credential(service.name).comment == "c"
    assert service.name in [c.name for c in w.credentials.list_credentials()]
    w.credentials.delete_credential(service.name)


@service
def connections():
    options = {"host": "h.example.com", "port": "433", "user": "u", "password": "hush"}
    made = w.connections.create(comment="c", connection_type=catalog.ConnectionType.POSTGRESQL, name=unique(), options=options)
    assert "password" not in (w.connections.get(made.name).options or {})
    w.connections.update(made.name, options=options | {"port": "434"})
    assert made.name in [c.name for c in w.connections.list()]
    w.connections.delete(made.name)
    gone(w.connections.get, made.name)


@service
def metastores():
    current = w.metastores.current()
    assert w.metastores.summary().metastore_id == current.metastore_id
    made = w.metastores.create(name=unique(), storage_root="s3://bucket/path")
    assert w.metastores.get(made.metastore_id).name == made.name
    w.metastores.update(made.metastore_id, new_name=unique("renamed"))
    assert made.metastore_id in [m.metastore_id for m in w.metastores.list()]
    other = 1234567
    w.metastores.assign(other, made.metastore_id, "main")
    w.metastores.unassign(other, made.metastore_id)
    w.metastores.delete(made.metastore_id, force=True)
    gone(w.metastores.get, made.metastore_id)
    assert any(s.schema == "billing" for s in w.system_schemas.list(current.metastore_id))
    w.system_schemas.enable(current.metastore_id, "access")
    w.system_schemas.disable(current.metastore_id, "access")


@service
def catalogs_schemas_tables_volumes_grants():
    c = w.catalogs.create(name=unique("c").replace("-", "_"))
    s = w.schemas.create(name="s", catalog_name=c.name)
    warehouse = next(iter(w.warehouses.list())).id
    w.statement_execution.execute_statement(warehouse_id=warehouse, catalog=c.name, schema="s", statement="CREATE TABLE t AS SELECT 2+2 AS four")
    full = f"{c.name}.s.t"
    assert w.tables.get(full).columns[0].name == "four"
    assert full in [t.full_name for t in w.tables.list(c.name, "s")]
    assert full in [t.full_name for t in w.tables.list_summaries(c.name, schema_name_pattern="s")]
    v = w.volumes.create(catalog_name=c.name, schema_name="s", name="v", volume_type=catalog.VolumeType.MANAGED)
    w.volumes.update(v.full_name, comment="c")
    assert w.volumes.read(v.full_name).comment == "c"
    w.catalogs.update(c.name, comment="c")
    w.schemas.update(s.full_name, comment="c")
    w.grants.update("table", full, changes=[catalog.PermissionsChange(add=[catalog.Privilege.MODIFY, catalog.Privilege.SELECT], principal=ME)])
    assert w.grants.get("table", full).privilege_assignments[0].principal == ME
    w.grants.update("catalog", c.name, changes=[catalog.PermissionsChange(add=[catalog.Privilege.USE_CATALOG], principal="users")])
    effective = {a.principal: a.privileges for a in w.grants.get_effective("table", full).privilege_assignments}
    assert effective["users"][0].inherited_from_name == c.name
    constraint = w.table_constraints.create(full_name_arg=full, constraint=catalog.TableConstraint(primary_key_constraint=catalog.PrimaryKeyConstraint(name="pk", child_columns=["four"])))
    assert constraint.primary_key_constraint.name == "pk"
    w.table_constraints.delete(full, "pk", False)
    w.workspace_bindings.update(c.name, assign_workspaces=[7])
    assert w.workspace_bindings.get(c.name).workspaces == [7]
    w.workspace_bindings.update_bindings("catalog", c.name, remove=[catalog.WorkspaceBinding(workspace_id=7)])
    assert list(w.workspace_bindings.get_bindings("catalog", c.name)) == []
    monitor = w.quality_monitors.create(full, assets_dir="/Shared/m", output_schema_name=f"{c.name}.s", snapshot=catalog.MonitorSnapshot())
    assert w.quality_monitors.get(full).status == monitor.status
    w.quality_monitors.update(full, output_schema_name=f"{c.name}.s", snapshot=catalog.MonitorSnapshot())
    refresh = w.quality_monitors.run_refresh(full)
    assert w.quality_monitors.get_refresh(full, refresh.refresh_id).state == catalog.MonitorRefreshInfoState.SUCCESS
    assert w.quality_monitors.list_refreshes(full).refreshes
    w.quality_monitors.delete(full)
    online = w.online_tables.create_and_wait(catalog.OnlineTable(name=f"{c.name}.s.o", spec=catalog.OnlineTableSpec(source_table_full_name=full, primary_key_columns=["four"])))
    assert w.online_tables.get(online.name)
    w.online_tables.delete(online.name)
    model = w.registered_models.create(name="m", catalog_name=c.name, schema_name="s")
    assert w.registered_models.get(model.full_name).name == "m"
    w.registered_models.update(model.full_name, comment="c")
    assert model.full_name in [m.full_name for m in w.registered_models.list(catalog_name=c.name, schema_name="s")]
    assert list(w.model_versions.list(model.full_name)) == []
    gone(w.model_versions.get, model.full_name, 1)
    w.registered_models.delete(model.full_name)
    w.tables.delete(full)
    w.volumes.delete(v.full_name)
    w.schemas.delete(s.full_name)
    w.catalogs.delete(c.name, force=True)


@service
def delta_sharing():
    share = w.shares.create(name=unique())
    updated = w.shares.update(share.name, updates=[sharing.SharedDataObjectUpdate(action=sharing.SharedDataObjectUpdateAction.ADD, data_object=sharing.SharedDataObject(name="samples.nyctaxi.trips", data_object_type=sharing.SharedDataObjectDataObjectType.TABLE))])
    assert updated.objects[0].name == "samples.nyctaxi.trips"
    assert w.shares.get(share.name, include_shared_data=True).objects
    assert share.name in [s.name for s in w.shares.list_shares()]
    recipient = w.recipients.create(name=unique(), authentication_type=sharing.AuthenticationType.TOKEN)
    assert w.recipients.get(recipient.name).tokens
    w.recipients.update(recipient.name, comment="c")
    w.shares.update_permissions(share.name, changes=[sharing.PermissionsChange(add=["SELECT"], principal=recipient.name)])
    assert w.shares.share_permissions(share.name).privilege_assignments[0].principal == recipient.name
    assert w.recipients.share_permissions(recipient.name).permissions_out[0].share_name == share.name
    w.recipients.rotate_token(recipient.name, existing_token_expire_in_seconds=0)
    assert recipient.name in [r.name for r in w.recipients.list()]
    profile = '{"shareCredentialsVersion":1,"bearerToken":"hush","endpoint":"https://sharing.example.com"}'
    provider = w.providers.create(name=unique(), authentication_type=sharing.AuthenticationType.TOKEN, recipient_profile_str=profile)
    w.providers.update(provider.name, comment="c")
    assert w.providers.get(provider.name).comment == "c"
    assert provider.name in [p.name for p in w.providers.list()]
    w.providers.delete(provider.name)
    w.recipients.delete(recipient.name)
    w.shares.delete(share.name)
    gone(w.shares.get, share.name)


@service
def clean_rooms():
    name = unique()
    w.clean_rooms.create(cleanrooms.CleanRoom(name=name))
    w.clean_rooms.update(name, clean_room=cleanrooms.CleanRoom(name=name, comment="c"))
    assert w.clean_rooms.get(name).comment == "c"
    assert name in [r.name for r in w.clean_rooms.list()]
    w.clean_rooms.delete(name)
    gone(w.clean_rooms.get, name)


@service
def vector_search():
    name = unique()
    w.vector_search_endpoints.create_endpoint_and_wait(name=name, endpoint_type=vectorsearch.EndpointType.STANDARD)
    assert name in [e.name for e in w.vector_search_endpoints.list_endpoints()]
    index = f"main.default.{unique('i').replace('-', '_')}"
    w.vector_search_indexes.create_index(name=index, endpoint_name=name, primary_key="id", index_type=vectorsearch.VectorIndexType.DELTA_SYNC,
        delta_sync_index_spec=vectorsearch.DeltaSyncVectorIndexSpecRequest(source_table="samples.nyctaxi.trips", pipeline_type=vectorsearch.PipelineType.TRIGGERED))
    assert w.vector_search_indexes.get_index(index).status.ready
    assert w.vector_search_endpoints.get_endpoint(name).num_indexes == 1
    assert index in [i.name for i in w.vector_search_indexes.list_indexes(name)]
    w.vector_search_indexes.sync_index(index)
    w.vector_search_indexes.delete_index(index)
    w.vector_search_endpoints.delete_endpoint(name)
    gone(w.vector_search_endpoints.get_endpoint, name)


@service
def ip_access_lists_and_conf():
    made = w.ip_access_lists.create(label=unique(), ip_addresses=["10.0.0.0/16"], list_type=settings.ListType.BLOCK).ip_access_list
    assert w.ip_access_lists.get(made.list_id).ip_access_list.address_count == 1
    w.ip_access_lists.replace(made.list_id, label=unique(), ip_addresses=["10.0.0.0/24"], list_type=settings.ListType.BLOCK, enabled=False)
    w.ip_access_lists.update(made.list_id, enabled=True)
    assert made.list_id in [i.list_id for i in w.ip_access_lists.list()]
    refused(BadRequest, w.ip_access_lists.create, label="x", ip_addresses=["nowhere"], list_type=settings.ListType.BLOCK)
    w.ip_access_lists.delete(made.list_id)
    gone(w.ip_access_lists.get, made.list_id)
    w.workspace_conf.set_status({"enableWebTerminal": "true"})
    assert w.workspace_conf.get_status("enableWebTerminal") == {"enableWebTerminal": "true"}


@service
def notification_destinations():
    made = w.notification_destinations.create(display_name=unique(), config=settings.Config(slack=settings.SlackConfig(url="https://hooks.example.com/hush")))
    got = w.notification_destinations.get(made.id)
    assert got.destination_type == settings.DestinationType.SLACK and got.config.slack.url is None and got.config.slack.url_set
    w.notification_destinations.update(made.id, display_name="renamed", config=settings.Config(email=settings.EmailConfig(addresses=["a@example.com"])))
    assert made.id in [n.id for n in w.notification_destinations.list()]
    w.notification_destinations.delete(made.id)


@service
def workspace_settings():
    before = w.settings.restrict_workspace_admins.get()
    wanted = settings.RestrictWorkspaceAdminsMessage(status=settings.RestrictWorkspaceAdminsMessageStatus.ALLOW_ALL)
    after = w.settings.restrict_workspace_admins.update(allow_missing=True, field_mask="restrict_workspace_admins.status", setting=settings.RestrictWorkspaceAdminsSetting(restrict_workspace_admins=wanted, etag=before.etag))
    assert after.etag != before.etag
    refused(DatabricksError, w.settings.restrict_workspace_admins.update, allow_missing=True, field_mask="x", setting=settings.RestrictWorkspaceAdminsSetting(restrict_workspace_admins=wanted, etag=before.etag))
    w.settings.restrict_workspace_admins.delete(etag=after.etag)
    assert w.settings.automatic_cluster_update.get().automatic_cluster_update_workspace is not None
    namespace = w.settings.default_namespace.update(allow_missing=True, field_mask="namespace.value", setting=settings.DefaultNamespaceSetting(namespace=settings.StringMessage(value="main")))
    assert w.settings.default_namespace.get().namespace.value == "main" and namespace.setting_name
    assert w.warehouses.get_workspace_warehouse_config().security_policy
    w.warehouses.set_workspace_warehouse_config(enable_serverless_compute=False)


@service
def account():
    a = AccountClient(host=w.config.host, token=w.config.token, account_id="00000000-0000-4000-8000-000000000001")
    made = a.credentials.create(credentials_name=unique(), aws_credentials=provisioning.CreateCredentialAwsCredentials(sts_role=provisioning.CreateCredentialStsRole(role_arn="arn:aws:iam::0:role/a")))
    assert a.credentials.get(made.credentials_id).credentials_name == made.credentials_name
    assert made.credentials_id in [c.credentials_id for c in a.credentials.list()]
    storage = a.storage.create(storage_configuration_name=unique(), root_bucket_info=provisioning.RootBucketInfo(bucket_name="b"))
    assert storage.storage_configuration_id in [s.storage_configuration_id for s in a.storage.list()]
    place = a.workspaces.create_and_wait(workspace_name=unique(), aws_region="us-west-2", credentials_id=made.credentials_id, storage_configuration_id=storage.storage_configuration_id)
    assert a.workspaces.get(place.workspace_id).workspace_status == provisioning.WorkspaceStatus.RUNNING
    a.workspaces.delete(place.workspace_id)
    a.storage.delete(storage.storage_configuration_id)
    a.credentials.delete(made.credentials_id)
    budget = a.budget_policy.create(policy=billing.BudgetPolicy(policy_name=unique()))
    assert a.budget_policy.get(budget.policy_id).policy_name == budget.policy_name
    a.budget_policy.delete(budget.policy_id)
    user = a.users.create(display_name=unique(), user_name=f"{unique()}@example.com")
    assert a.users.get(user.id).user_name == user.user_name
    a.users.delete(user.id)


@service
def oauth_for_machines():
    principal = w.service_principals.create(display_name=unique())
    made = w.service_principal_secrets_proxy.create(principal.id)
    their = WorkspaceClient(host=w.config.host, client_id=principal.application_id, client_secret=made.secret, auth_type="oauth-m2m")
    assert their.current_user.me().user_name == principal.application_id
    job = w.jobs.create(name=unique())
    refused(PermissionDenied, their.jobs.get, job.job_id)
    refused(PermissionDenied, their.users.create, user_name=f"{unique()}@example.com")
    w.permissions.update("jobs", str(job.job_id), access_control_list=[iam.AccessControlRequest(service_principal_name=principal.application_id, permission_level=iam.PermissionLevel.CAN_VIEW)])
    assert their.jobs.get(job.job_id).job_id == job.job_id
    refused(PermissionDenied, their.jobs.delete, job.job_id)
    own = their.jobs.create(name=unique())
    their.jobs.delete(own.job_id)
    assert [s.id for s in w.service_principal_secrets_proxy.list(principal.id)] == [made.id]
    w.service_principal_secrets_proxy.delete(principal.id, made.id)
    refused(Exception, lambda: WorkspaceClient(host=w.config.host, client_id=principal.application_id, client_secret=made.secret, auth_type="oauth-m2m").current_user.me())
    w.jobs.delete(job.job_id)
    w.service_principals.delete(principal.id)


failed = []
only = sys.argv[1] if len(sys.argv) > 1 else ""
for round in ROUNDS:
    if only not in round.__name__:
        continue
    try:
        round()
        print(f"{round.__name__}: ok")
    except Exception:
        failed.append(round.__name__)
        print(f"{round.__name__}: FAILED")
        traceback.print_exc()
print(f"databricks-sdk {__version__}: {len(ROUNDS) - len(failed)} of {len(ROUNDS)} rounds, {len(calls)} operations")
sys.exit(bool(failed))
