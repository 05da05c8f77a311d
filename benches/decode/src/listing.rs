//! The input: a listing of jobs with their tasks, clusters, schedules and triggers, the same at every run.
//!
//! One page such as the service gives with `expand_tasks`, only longer. Every job has fields that no
//! document knows, as an answer of a newer service would. Left out is what a typed reader may write
//! in another form without losing anything: nulls, and numbers as text.

use serde_json::{Value, json};

/// A listing of so many jobs, as the bytes of an answer.
pub fn of(jobs: usize) -> Vec<u8> {
    let listing = json!({
        "jobs": (0..jobs).map(job).collect::<Vec<_>>(),
        "has_more": true,
        "next_page_token": "CAEomPSriYcxMPWM_IiIxvEB",
        "prev_page_token": "CAAo087xiYcxMJiQ1cDvxvEB",
    });
    listing.to_string().into_bytes()
}

fn job(n: usize) -> Value {
    let mut job = json!({
        "job_id": 100_000_000_000_000 + n as u64 * 7_919_371,
        "creator_user_name": pick(n, &PEOPLE),
        "created_time": 1_650_000_000_000_u64 + n as u64 * 41_357,
        "settings": settings(n),
        "has_more": false,
        // Unknown to all contenders.
        "creator_principal_id": 4_000_000_000_000_000_u64 + n as u64,
    });
    if n.is_multiple_of(5) {
        job["effective_budget_policy_id"] = json!(uuid(n));
        job["trigger_state"] = json!({"file_arrival": {"using_file_events": true}});
    }
    job
}

fn settings(n: usize) -> Value {
    let mut settings = json!({
        "name": format!("[{}] {} {}", pick(n, &["prod", "dev", "staging"]), pick(n / 3, &SUBJECTS), n),
        "email_notifications": {"on_failure": [pick(n, &PEOPLE)], "no_alert_for_skipped_runs": n.is_multiple_of(2)},
        "webhook_notifications": {},
        "timeout_seconds": 3600 * (n % 24),
        "max_concurrent_runs": 1 + n % 4,
        "tasks": (0..1 + n % 3 / 2).map(|task| self::task(n, task)).collect::<Vec<_>>(),
        "format": "MULTI_TASK",
        "queue": {"enabled": true},
        "tags": {"team": pick(n, &SUBJECTS), "cost-center": format!("cc-{}", n % 97)},
        "performance_target": pick(n, &["STANDARD", "PERFORMANCE_OPTIMIZED"]),
    });
    let (key, value) = match n % 4 {
        0 => (
            "schedule",
            json!({
                "quartz_cron_expression": format!("{} {} {} * * ?", n % 60, n / 7 % 60, n % 24),
                "timezone_id": pick(n, &["UTC", "Europe/Berlin", "America/Los_Angeles"]),
                "pause_status": pick(n, &["PAUSED", "UNPAUSED"]),
            }),
        ),
        1 => (
            "trigger",
            json!({
                "pause_status": "UNPAUSED",
                "periodic": {"interval": 1 + n % 12, "unit": pick(n, &["HOURS", "DAYS", "WEEKS"])},
            }),
        ),
        2 => (
            "git_source",
            json!({
                "git_url": format!("https://git.example.com/data/{}.git", pick(n, &SUBJECTS)),
                "git_provider": "gitHub",
                "git_branch": "main",
            }),
        ),
        _ => (
            "parameters",
            json!([
                {"name": "date", "default": "{{job.start_time.iso_date}}"},
                {"name": "limit", "default": format!("{}", n * 10)},
            ]),
        ),
    };
    settings[key] = value;
    // The tasks of every other job run on a cluster of the job's, the others without one.
    if n.is_multiple_of(2) {
        settings["job_clusters"] = json!([{"job_cluster_key": "main", "new_cluster": cluster(n)}]);
    } else {
        settings["environments"] = json!([{
            "environment_key": "default",
            "spec": {"environment_version": "3", "dependencies": ["pandas==2.2.3", "scikit-learn==1.6.1"]},
        }]);
    }
    if n.is_multiple_of(3) {
        settings["health"] = json!({
            "rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 600 + n % 7200}],
        });
        // Unknown to all contenders.
        settings["lineage_hints"] =
            json!({"sources": [pick(n, &SUBJECTS)], "confidence": 0.25, "manual": false});
    }
    settings
}

fn task(n: usize, task: usize) -> Value {
    let mut written = json!({
        "task_key": KEYS[task],
        "run_if": "ALL_SUCCESS",
        "timeout_seconds": 0,
        "max_retries": n % 3,
        "retry_on_timeout": false,
        "email_notifications": {},
        "notification_settings": {
            "no_alert_for_skipped_runs": false,
            "no_alert_for_canceled_runs": n.is_multiple_of(7),
            "alert_on_last_attempt": false,
        },
        "webhook_notifications": {},
        // Unknown to all contenders.
        "queue_position_hint": n % 10,
    });
    if task > 0 {
        written["depends_on"] = json!([{"task_key": KEYS[task - 1]}]);
    }
    if n.is_multiple_of(2) {
        written["job_cluster_key"] = json!("main");
        written["libraries"] = json!([{"pypi": {"package": "great-expectations==1.3.1"}}]);
    } else {
        written["environment_key"] = json!("default");
    }
    let folder = format!("/Workspace/Shared/{}/{n}", pick(n, &SUBJECTS));
    let (key, value) = match (n + task) % 4 {
        0 => (
            "notebook_task",
            json!({
                "notebook_path": format!("{folder}/{}", KEYS[task]),
                "source": "WORKSPACE",
                "base_parameters": {"env": "prod", "date": "{{job.start_time.iso_date}}", "note": "Zürich \"Süd\"\n"},
            }),
        ),
        1 => (
            "spark_python_task",
            json!({
                "python_file": format!("{folder}/{}.py", KEYS[task]),
                "parameters": ["--date", "{{job.start_time.iso_date}}", "--limit", format!("{}", n * 10)],
            }),
        ),
        2 => (
            "python_wheel_task",
            json!({
                "package_name": pick(n, &SUBJECTS),
                "entry_point": "main",
                "named_parameters": {"mode": "append", "target": format!("main.{}.t{n}", pick(n, &SUBJECTS))},
            }),
        ),
        _ => (
            "sql_task",
            json!({"query": {"query_id": uuid(n)}, "warehouse_id": format!("{:016x}", n * 65_537)}),
        ),
    };
    written[key] = value;
    written
}

fn cluster(n: usize) -> Value {
    let mut cluster = json!({
        "spark_version": pick(n, &["16.4.x-scala2.12", "15.4.x-photon-scala2.12"]),
        "spark_conf": {"spark.sql.shuffle.partitions": "auto", "spark.databricks.delta.preview.enabled": "true"},
        "aws_attributes": {
            "first_on_demand": 1,
            "availability": "SPOT_WITH_FALLBACK",
            "zone_id": "eu-central-1a",
            "spot_bid_price_percent": 100,
            "ebs_volume_count": 0,
        },
        "node_type_id": pick(n, &["i3.xlarge", "m5d.2xlarge", "r6id.4xlarge"]),
        "driver_node_type_id": "i3.xlarge",
        "custom_tags": {"team": pick(n, &SUBJECTS), "ResourceClass": "Job"},
        "spark_env_vars": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3"},
        "enable_elastic_disk": true,
        "data_security_mode": "SINGLE_USER",
        "runtime_engine": pick(n, &["STANDARD", "PHOTON"]),
        "policy_id": format!("{:016X}", n % 31 * 1_048_583),
    });
    if n.is_multiple_of(4) {
        cluster["num_workers"] = json!(n % 16);
    } else {
        cluster["autoscale"] = json!({"min_workers": 1, "max_workers": 2 + n % 30});
    }
    cluster
}

const KEYS: [&str; 2] = ["ingest", "publish"];
const PEOPLE: [&str; 4] =
    ["ada@example.com", "grace.hopper@example.com", "edsger@example.com", "jobs-runner@example.com"];
const SUBJECTS: [&str; 5] = ["billing", "clickstream", "customer_360", "forecast", "inventory"];

fn pick<'a>(n: usize, from: &[&'a str]) -> &'a str {
    from[n % from.len()]
}

fn uuid(n: usize) -> String {
    format!("{n:08x}-5f3a-4c1e-9b7d-{:012x}", n * 2_654_435_761 % 281_474_976_710_656)
}
