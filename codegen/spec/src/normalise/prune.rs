//! Components that no operation reaches, such as the declared errors', make no type.

use serde_json::Value;

use super::reach;
use crate::Document;

pub(super) fn unused(document: &Document, root: &mut Value) {
    let reached = reach::from_operations(&Document::from_value(document.name(), root.clone()));
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.retain(|name, _| reached.contains(name));
    }
}
