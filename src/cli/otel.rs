//! Traces and metrics by OTLP over HTTP, for whoever collects those of many programs.
//!
//! A tool's call is a span after MCP's conventions, under the span that the client names in `_meta`; the calls of
//! Databricks are spans below it, and carry its trace on. It is sent by our own connections: the exporter's would bring
//! another set of features of reqwest.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clap::Args;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use opentelemetry::propagation::{Injector, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::Handle;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use super::Failure;
use super::log::AnyLayer;
use super::target::Observers;
use crate::mcp::{ToolEnded, ToolObserver, ToolOutcome};
use crate::transport::{Ended, Observer, Operation, Outcome};

/// The flag of OpenTelemetry.
#[derive(Debug, Args)]
pub(super) struct OtelFlags {
    /// Send traces and metrics to this OTLP collector over HTTP, such as http://127.0.0.1:4318. The other variables of
    /// OpenTelemetry, such as OTEL_SERVICE_NAME, count too.
    #[arg(long, global = true, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
}

/// What is sent, until it is ended.
#[derive(Debug)]
pub(super) struct Otel {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

/// Sends by the runtime of the program, from the exporter's own threads.
#[derive(Debug)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let answer = http.execute(request.try_into()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = Response::new(answer.bytes().await?);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok::<_, reqwest::Error>(response)
        });
        Ok(sent.await??)
    }
}

impl OtelFlags {
    /// Begins to send, where a collector is named.
    pub(super) fn start(&self, runtime: &Handle) -> Result<Option<Otel>, Failure> {
        let Some(endpoint) = self.otlp_endpoint.as_deref().map(str::trim).filter(|url| !url.is_empty())
        else {
            return Ok(None);
        };
        let endpoint = endpoint.trim_end_matches('/');
        url::Url::parse(endpoint)
            .map_err(|error| format!("--otlp-endpoint `{endpoint}` is no address: {error}"))?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let sender = || Sender { http: http.clone(), runtime: runtime.clone() };
        let spans = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(sender())
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .build()?;
        let metrics = MetricExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(sender())
            .with_endpoint(format!("{endpoint}/v1/metrics"))
            .build()?;
        let named = std::env::var_os("OTEL_SERVICE_NAME").is_some();
        let resource = Resource::builder();
        let resource = if named { resource } else { resource.with_service_name("databricks-mcp") };
        let resource =
            resource.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))).build();
        let traces =
            SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
        let metrics =
            SdkMeterProvider::builder().with_periodic_exporter(metrics).with_resource(resource).build();
        Ok(Some(Otel { traces, metrics }))
    }
}

impl Otel {
    /// What makes spans of ours spans of OpenTelemetry, whatever is logged.
    pub(super) fn layer(&self) -> AnyLayer {
        let ours = Targets::new().with_target("databricks_toolkit", tracing::Level::DEBUG);
        let tracer = self.traces.tracer("databricks-mcp");
        tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_filter(ours).boxed()
    }

    /// What times calls, and hands on their trace.
    pub(super) fn observers(&self) -> Observers {
        let told = Arc::new(Told::new(&self.metrics.meter("databricks-mcp")));
        Observers { api: vec![told.clone()], tools: vec![told] }
    }

    /// Sends what is left.
    pub(super) fn end(self) {
        if let Err(error) = self.traces.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
        if let Err(error) = self.metrics.shutdown() {
            tracing::warn!(%error, "the last metrics were not sent");
        }
    }
}

/// Histograms of calls, by the names of the conventions.
#[derive(Debug)]
struct Told {
    tools: Histogram<f64>,
    requests: Histogram<f64>,
}

impl Told {
    fn new(meter: &Meter) -> Self {
        let seconds = |name: &'static str| meter.f64_histogram(name).with_unit("s").build();
        Self {
            tools: seconds("mcp.server.operation.duration"),
            requests: seconds("http.client.request.duration"),
        }
    }
}

impl ToolObserver for Told {
    fn ended(&self, ended: &ToolEnded) {
        let mut attributes = vec![
            KeyValue::new("mcp.method.name", "tools/call"),
            KeyValue::new("gen_ai.operation.name", "execute_tool"),
            KeyValue::new("gen_ai.tool.name", ended.tool),
        ];
        attributes.extend(error_type(ended.outcome).map(|kind| KeyValue::new("error.type", kind)));
        self.tools.record(ended.elapsed.as_secs_f64(), &attributes);
    }
}

/// The conventions' `error.type` of a tool's call.
fn error_type(outcome: ToolOutcome) -> Option<&'static str> {
    match outcome {
        ToolOutcome::Done => None,
        ToolOutcome::Failed | ToolOutcome::Refused => Some("tool_error"),
        other => Some(other.as_str()),
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}

impl Observer for Told {
    fn sends(&self, _operation: &'static Operation, headers: &mut HeaderMap) {
        let context = tracing::Span::current().context();
        TraceContextPropagator::new().inject_context(&context, &mut Headers(headers));
    }

    fn ended(&self, ended: &Ended) {
        let mut attributes = vec![
            KeyValue::new("http.request.method", ended.operation.method),
            KeyValue::new("url.template", ended.operation.path),
        ];
        match ended.outcome {
            Outcome::Status(status) => {
                attributes.push(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
                if !status.is_success() {
                    attributes.push(KeyValue::new("error.type", status.as_str().to_owned()));
                }
            }
            other => attributes.push(KeyValue::new("error.type", other.label().to_owned())),
        }
        self.requests.record(ended.elapsed.as_secs_f64(), &attributes);
    }
}
