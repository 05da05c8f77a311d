//! What a server counts and times, in the text format of OpenMetrics that Prometheus reads.

mod process;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use super::{ToolEnded, ToolObserver};
use crate::transport::{Ended, Observer, Operation, Retried};
use process::Process;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds in seconds: from a call on loopback to the longest that a tool may take.
const SECONDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tool {
    tool: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolCall {
    tool: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Api {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiCall {
    operation: &'static str,
    status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lookup {
    kept: &'static str,
    result: &'static str,
}

/// A histogram by labels.
type Times<L> = Family<L, Histogram, fn() -> Histogram>;

/// What a server counts and times. It is told by being an observer of workspaces and of tools.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    tool_calls: Family<ToolCall, Counter>,
    tool_seconds: Times<Tool>,
    tools_running: Gauge,
    answer_bytes: Family<Tool, Counter>,
    lookups: Family<Lookup, Counter>,
    api_calls: Family<ApiCall, Counter>,
    api_seconds: Times<Api>,
    api_running: Gauge,
    retries: Family<ApiCall, Counter>,
    retry_wait: Counter<f64, std::sync::atomic::AtomicU64>,
    limit_wait: Counter<f64, std::sync::atomic::AtomicU64>,
    sent: Counter,
    received: Counter,
    process: Process,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("databricks_mcp_build", "The version of the server", version);
        let mut add = Adding(&mut registry);
        Self {
            tool_calls: add.one("databricks_mcp_tool_calls", "Calls of tools that ended"),
            tool_seconds: add.times("databricks_mcp_tool_duration_seconds", "Time of tools' calls"),
            tools_running: add.one("databricks_mcp_tools_running", "Calls of tools under way"),
            answer_bytes: add.one("databricks_mcp_answer_bytes", "Bytes of tools' answers"),
            lookups: add.one("databricks_mcp_lookups", "Looks at what is kept of former answers"),
            api_calls: add.one("databricks_api_calls", "Calls of the API that ended, by their last status"),
            api_seconds: add
                .times("databricks_api_duration_seconds", "Time of the API's calls with waits and retries"),
            api_running: add.one(
                "databricks_api_running",
                "Calls of the API under way, each with a connection or in wait",
            ),
            retries: add.one("databricks_api_retries", "Attempts that failed and were made again"),
            retry_wait: add.one("databricks_api_retry_wait_seconds", "Waits before attempts were made again"),
            limit_wait: add.one("databricks_api_limit_wait_seconds", "Waits for the rate limit of requests"),
            sent: add.one("databricks_api_sent_bytes", "Bytes of bodies sent, but for those of streams"),
            received: add.one("databricks_api_received_bytes", "Bytes of answers read"),
            process: Process::new(add.0),
            registry,
        }
    }
}

struct Adding<'a>(&'a mut Registry);

impl Adding<'_> {
    fn one<M: Metric + Clone + Default>(&mut self, name: &str, says: &str) -> M {
        let metric = M::default();
        self.0.register(name, says, metric.clone());
        metric
    }

    fn times<L>(&mut self, name: &str, says: &str) -> Times<L>
    where
        L: EncodeLabelSet + Clone + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync + 'static,
    {
        let times = Times::<L>::new_with_constructor(|| Histogram::new(SECONDS));
        self.0.register(name, says, times.clone());
        times
    }
}

impl Metrics {
    /// All of it as text, of the type [`CONTENT_TYPE`].
    pub fn text(&self) -> String {
        self.process.look();
        let mut text = String::new();
        // A string takes all that is written to it.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl ToolObserver for Metrics {
    fn began(&self, _tool: &'static str) {
        self.tools_running.inc();
    }

    fn ended(&self, ended: &ToolEnded) {
        let tool = ended.tool;
        self.tools_running.dec();
        self.tool_calls.get_or_create(&ToolCall { tool, outcome: ended.outcome.as_str() }).inc();
        self.tool_seconds.get_or_create(&Tool { tool }).observe(ended.elapsed.as_secs_f64());
        self.answer_bytes.get_or_create(&Tool { tool }).inc_by(ended.bytes as u64);
    }

    fn looked_up(&self, kept: &'static str, was_there: bool) {
        let result = if was_there { "hit" } else { "miss" };
        self.lookups.get_or_create(&Lookup { kept, result }).inc();
    }
}

impl Observer for Metrics {
    fn began(&self, _operation: &'static Operation) {
        self.api_running.inc();
    }

    fn retried(&self, retried: &Retried) {
        let status = retried.outcome.label().to_owned();
        self.retries.get_or_create(&ApiCall { operation: retried.operation.id, status }).inc();
        self.retry_wait.inc_by(retried.wait.as_secs_f64());
    }

    fn received(&self, _operation: &'static Operation, bytes: usize) {
        self.received.inc_by(bytes as u64);
    }

    fn ended(&self, ended: &Ended) {
        let operation = ended.operation.id;
        self.api_running.dec();
        let status = ended.outcome.label().to_owned();
        self.api_calls.get_or_create(&ApiCall { operation, status }).inc();
        self.api_seconds.get_or_create(&Api { operation }).observe(ended.elapsed.as_secs_f64());
        self.limit_wait.inc_by(ended.limited.as_secs_f64());
        self.sent.inc_by(ended.sent);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::mcp::ToolOutcome;
    use crate::mcp::observe::ToolObservers;

    const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");

    /// The names of all series, with something in each.
    fn names(metrics: &Metrics) -> BTreeSet<String> {
        let names = metrics.text();
        let names = names.lines().filter(|line| !line.starts_with('#'));
        names.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect()
    }

    /// A server's metrics after a call of each kind.
    async fn used() -> std::sync::Arc<Metrics> {
        let metrics = std::sync::Arc::new(Metrics::default());
        let mut tools = ToolObservers::default();
        tools.add(metrics.clone());
        tools.watch("list_jobs").end(ToolOutcome::Done, 120);
        drop(tools.watch("list_jobs"));
        tools.looked_up("names", true);
        // Nothing is there: the connection is tried again.
        let workspace = crate::Workspace::builder()
            .host("http://127.0.0.1:9")
            .token("-")
            .retry(crate::transport::RetryPolicy::default().first_delay(Duration::from_millis(1)))
            .observer(metrics.clone())
            .build()
            .unwrap();
        workspace.current_user().me().send().await.unwrap_err();
        metrics
    }

    #[tokio::test]
    async fn calls_are_counted_by_what_came_of_them() {
        let text = used().await.text();
        for line in [
            r#"databricks_mcp_tool_calls_total{tool="list_jobs",outcome="done"} 1"#,
            r#"databricks_mcp_tool_calls_total{tool="list_jobs",outcome="cancelled"} 1"#,
            r#"databricks_mcp_answer_bytes_total{tool="list_jobs"} 120"#,
            "databricks_mcp_tools_running 0",
            r#"databricks_api_calls_total{operation="current_user_me",status="unreachable"} 1"#,
            r#"databricks_api_retries_total{operation="current_user_me",status="unreachable"} 3"#,
            r#"databricks_api_duration_seconds_count{operation="current_user_me"} 1"#,
            "databricks_api_running 0",
            "# EOF",
        ] {
            assert!(text.lines().any(|written| written == line), "no line {line} in\n{text}");
        }
        #[cfg(target_os = "linux")]
        {
            let resident = text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
            assert!(resident.unwrap().parse::<u64>().unwrap() > 1 << 20, "{text}");
        }
    }

    /// A dashboard that asks for what is not there shows nothing, and nobody notices.
    #[tokio::test]
    async fn the_dashboard_and_the_book_know_all_metrics_and_no_other() {
        let metrics = used().await;
        let names = names(&metrics);
        let dashboard = std::fs::read_to_string(format!("{DOCS}/grafana.json")).unwrap();
        let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
        let exprs = targets.map(|target| target["expr"].as_str().unwrap());
        let word = regex::Regex::new(r"\b(?:databricks_mcp|databricks_api|process)_[a-z_]+").unwrap();
        let asked: BTreeSet<String> =
            exprs.flat_map(|expr| word.find_iter(expr).map(|name| name.as_str().to_owned())).collect();
        let unknown: Vec<_> = asked.difference(&names).collect();
        assert!(!asked.is_empty() && unknown.is_empty(), "the dashboard asks for {unknown:?}, not exported");

        let book = std::fs::read_to_string(format!("{DOCS}/operations.md")).unwrap();
        let told: BTreeSet<&str> = word.find_iter(&book).map(|name| name.as_str()).collect();
        let plain = |name: &String| {
            let name =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            name.to_owned()
        };
        let plain: BTreeSet<String> = names.iter().map(plain).collect();
        let plain: BTreeSet<&str> = plain.iter().map(String::as_str).collect();
        assert_eq!(told, plain, "docs/operations.md names other metrics than there are");
    }
}
