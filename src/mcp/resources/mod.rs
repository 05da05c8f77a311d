//! Resources: what a person attaches to a conversation. Each kind is read by the tool that answers about it, so
//! that projection, limits and errors are those of the tool, and a server without the tool has no such resource.

mod kinds;
mod list;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use rmcp::ErrorData;
use rmcp::model::{CacheScope, ListResourcesResult, ReadResourceResult, ResourceContents, ResourceTemplate};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::names::List;
use super::server::callers::Caller;
use super::{Context, Registry, ToolError};
use crate::ErrorKind;
use kinds::{KINDS, Kind, Shown};

const SCHEME: &str = "databricks://";
/// Most tokens of a resource.
const LONGEST: usize = 100_000;
/// A kept answer never changes.
const KEPT_FRESH_MS: u64 = 3_600_000;

/// What a segment of an address must not hold as it is. A path keeps its slashes.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The resources of a server for one caller.
pub(crate) struct Resources<'a> {
    registry: &'a Registry,
    caller: &'a Caller,
}

/// The kinds whose tools the server has.
fn kinds(registry: &Registry) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| registry.get(kind.tool).is_some_and(|spec| spec.name == kind.tool))
}

/// The variables of a template of this server.
///
/// # Errors
/// The templates there are.
pub(crate) fn variables(registry: &Registry, template: &str) -> Result<Vec<&'static str>, ErrorData> {
    match kinds(registry).find(|kind| kind.template == template) {
        Some(kind) => Ok(vec![kind.argument]),
        None => {
            let there: Vec<&str> = kinds(registry).map(|kind| kind.template).collect();
            let message =
                format!("there is no resource template `{template}`; there are {}", there.join(", "));
            Err(ErrorData::invalid_params(message, None))
        }
    }
}

/// The address of a resource.
fn uri(kind: &str, id: &str) -> String {
    format!("{SCHEME}{kind}/{}", utf8_percent_encode(id.trim_start_matches('/'), RESERVED))
}

impl<'a> Resources<'a> {
    pub(crate) fn new(registry: &'a Registry, caller: &'a Caller) -> Self {
        Self { registry, caller }
    }

    /// The templates, in the order of the kinds.
    pub(crate) fn templates(&self) -> Vec<ResourceTemplate> {
        kinds(self.registry)
            .map(|kind| {
                ResourceTemplate::new(kind.template, kind.name)
                    .with_title(kind.title)
                    .with_description(kind.description)
                    .with_mime_type(kind.mime)
            })
            .collect()
    }

    /// A few resources that a person is likely to look for.
    pub(crate) async fn list(&self) -> Result<ListResourcesResult, ErrorData> {
        let may = |kind: &str, list: &List| {
            let (tool, arguments) = list.call();
            kinds(self.registry).any(|other| other.name == kind)
                && self.caller.may_read(self.registry, tool, &arguments).is_ok()
        };
        let resources =
            list::likely(self.caller.app.workspace(), may).await.map_err(|error| explained(&error))?;
        Ok(ListResourcesResult::with_all_items(resources)
            .with_ttl_ms(list::FRESH_MS)
            .with_cache_scope(CacheScope::Private))
    }

    /// The contents of a resource.
    pub(crate) async fn read(
        &self,
        uri: &str,
        cancelled: &CancellationToken,
    ) -> Result<ReadResourceResult, ErrorData> {
        if let Some(kept) = self.caller.app.kept(uri) {
            let contents = ResourceContents::text(kept.text.to_string(), uri).with_mime_type(kept.mime_type);
            return Ok(ReadResourceResult::new(vec![contents])
                .with_ttl_ms(KEPT_FRESH_MS)
                .with_cache_scope(CacheScope::Private));
        }
        let (kind, id) = self.parse(uri)?;
        let arguments = self.arguments(kind, id).await.map_err(|error| explained(&error))?;
        self.caller.may_read(self.registry, kind.tool, &arguments).map_err(|error| explained(&error))?;
        // A person chose it, whole; what is far too long is cut all the same.
        let app = self.caller.app.clone().with_answer_tokens(Some(LONGEST));
        let context = Context::new(app, cancelled.clone(), None);
        let answer =
            self.registry.call(kind.tool, arguments, &context).await.map_err(|error| explained(&error))?;
        let contents = contents(kind, uri, answer.fitted().structured);
        Ok(ReadResourceResult::new(vec![contents])
            .with_ttl_ms(kind.fresh_ms)
            .with_cache_scope(CacheScope::Private))
    }

    /// The kind and the decoded rest of an address.
    fn parse(&self, uri: &str) -> Result<(&'static Kind, String), ErrorData> {
        let unknown = |why: &str| {
            let there: Vec<&str> = kinds(self.registry).map(|kind| kind.template).collect();
            let message = format!("there is no resource `{uri}`: {why}; there are {}", there.join(", "));
            ErrorData::resource_not_found(message, Some(json!({ "uri": uri })))
        };
        let rest = uri.strip_prefix(SCHEME).ok_or_else(|| unknown("its scheme is not databricks"))?;
        let (name, id) = rest.split_once('/').unwrap_or((rest, ""));
        let kind = kinds(self.registry)
            .find(|kind| kind.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| unknown("no such kind"))?;
        let id = percent_decode_str(id).decode_utf8().map_err(|_| unknown("it is not UTF-8"))?;
        let id = id.trim_matches('/');
        match id.is_empty() {
            true => Err(unknown(&format!("{} is missing", kind.argument))),
            false => Ok((kind, id.to_owned())),
        }
    }

    /// The arguments of the tool: an id where the address may hold a name.
    async fn arguments(&self, kind: &Kind, id: String) -> Result<Map<String, Value>, ToolError> {
        let value = match &kind.id {
            kinds::Id::Text => json!(id),
            kinds::Id::Path => json!(format!("/{id}")),
            kinds::Id::Number => number(&id, kind.argument)?,
            kinds::Id::Named(list) => {
                json!(self.caller.names.id(self.caller.app.workspace(), list.clone(), &id).await?)
            }
            kinds::Id::NumberNamed(list) => match id.parse::<i64>() {
                Ok(number) => json!(number),
                Err(_) => {
                    let found = self.caller.names.id(self.caller.app.workspace(), list.clone(), &id).await?;
                    number(&found, kind.argument)?
                }
            },
        };
        Ok(Map::from_iter([(kind.argument.to_owned(), value)]))
    }
}

fn number(id: &str, argument: &str) -> Result<Value, ToolError> {
    let wrong =
        |_| ToolError::Argument(format!("`{argument}`: `{id}` is neither a number nor the name of any"));
    id.parse::<i64>().map(|number| json!(number)).map_err(wrong)
}

fn contents(kind: &Kind, uri: &str, answer: Map<String, Value>) -> ResourceContents {
    if let Shown::Field { text, file_type } = kind.shown
        && let Some(content) = answer.get(text).and_then(Value::as_str)
    {
        let mime = answer.get(file_type).and_then(Value::as_str).map_or(kind.mime, kinds::mime);
        return ResourceContents::text(content, uri).with_mime_type(mime);
    }
    let text = serde_json::to_string_pretty(&answer).unwrap_or_default();
    ResourceContents::text(text, uri).with_mime_type(kind.mime)
}

/// What went wrong, as the protocol tells it.
fn explained(error: &ToolError) -> ErrorData {
    let text = error.explain();
    match error {
        ToolError::Argument(_) => ErrorData::invalid_params(text, None),
        ToolError::Call(call) if call.kind() == Some(ErrorKind::NotFound) => {
            ErrorData::resource_not_found(text, None)
        }
        _ => ErrorData::internal_error(text, None),
    }
}
