//! A tool as clients see it.

use rmcp::model::{Tool, ToolAnnotations};

use crate::mcp::{Effect, Policy, Registry, ToolSpec};

/// A tool as clients see it. A read-only server lets none do more than read.
pub(crate) fn described(registry: &Registry, spec: &ToolSpec, policy: &Policy) -> Tool {
    let effect = if policy.read_only { Effect::Read } else { spec.effect };
    let annotations = ToolAnnotations::with_title(spec.title)
        .read_only(effect == Effect::Read)
        .destructive(effect == Effect::Destroy)
        .idempotent(spec.idempotent || effect == Effect::Read)
        .open_world(true);
    let schema = registry.input_schema(spec.name).unwrap_or_default();
    let output = registry.output_schema(spec.name).unwrap_or_default();
    Tool::new(spec.name, spec.description, schema)
        .with_title(spec.title)
        .with_raw_output_schema(output)
        .with_annotations(annotations)
}
