//! The span of a tool's call, after MCP's conventions for OpenTelemetry.

use rmcp::service::{RequestContext, RoleServer};
use tracing::Span;
use tracing::field::Empty;

/// A span for a call of this tool. Where traces are sent, its parent is the one that the client names.
pub(super) fn span(tool: &'static str, context: &RequestContext<RoleServer>) -> Span {
    let span = tracing::debug_span!(
        "tool",
        otel.name = format!("tools/call {tool}"),
        otel.kind = "server",
        otel.status_code = Empty,
        mcp.method.name = "tools/call",
        mcp.protocol.version = context.protocol_version().map(|version| version.to_string()),
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = tool,
        jsonrpc.request.id = %context.id,
        error.type = Empty,
    );
    #[cfg(feature = "otel")]
    follow(&span, &context.meta);
    span
}

/// Marks the span of a call that failed.
pub(super) fn failed() {
    let span = Span::current();
    span.record("otel.status_code", "ERROR");
    span.record("error.type", "tool_error");
}

/// The trace of `_meta` goes on in a span.
#[cfg(feature = "otel")]
fn follow(span: &Span, meta: &rmcp::model::RequestMetaObject) {
    use opentelemetry::propagation::{Extractor, TextMapPropagator};
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    struct Meta<'a>(&'a rmcp::model::RequestMetaObject);

    impl Extractor for Meta<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.as_str()
        }

        fn keys(&self) -> Vec<&str> {
            vec!["traceparent", "tracestate"]
        }
    }

    let parent =
        TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &Meta(meta));
    // Where nobody collects there is no span to have a parent.
    let _ = span.set_parent(parent);
}
