//! Which operation an address is of. An encoded slash is no slash, so nothing is decoded.

use std::cmp::Reverse;

use databricks_toolkit_spec::{Document, Operation, ParameterPlace};

/// The paths of all operations.
pub(crate) struct Paths<'a>(Vec<Template<'a>>);

struct Template<'a> {
    method: String,
    parts: Vec<Part<'a>>,
    operation: Operation<'a>,
}

enum Part<'a> {
    Literal(&'a str),
    Parameter { multi_segment: bool },
}

/// What an address is of.
pub(crate) struct Found<'a> {
    pub(crate) operation: Operation<'a>,
    /// Whether it is by the very path; `/api/2.0/` in the place of `/api/2.1/` is another version's.
    pub(crate) same_version: bool,
}

impl<'a> Paths<'a> {
    pub(crate) fn of(documents: &'a [Document]) -> Self {
        let operations = documents.iter().flat_map(Document::operations);
        let mut templates: Vec<Template<'a>> = operations.map(Template::of).collect();
        // Of two that fit, the one that says more is meant.
        templates.sort_by_key(|template| Reverse(template.literal_length()));
        Self(templates)
    }

    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Found<'a>> {
        let path = without_query(path);
        let find = |version: Version| {
            let fits = |template: &&Template<'a>| template.method == method && template.fits(path, version);
            let operation = self.0.iter().find(fits)?.operation;
            Some(Found { operation, same_version: version == Version::Same })
        };
        find(Version::Same).or_else(|| find(Version::Any))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    Same,
    Any,
}

impl<'a> Template<'a> {
    fn of(operation: Operation<'a>) -> Self {
        let multi_segment = |name: &str| {
            operation.parameters().any(|parameter| {
                parameter.place() == ParameterPlace::Path
                    && parameter.name() == name
                    && parameter.multi_segment()
            })
        };
        let mut parts = Vec::new();
        let mut rest = operation.path();
        while let Some((literal, (name, after))) =
            rest.split_once('{').and_then(|(literal, after)| Some((literal, after.split_once('}')?)))
        {
            parts.extend([Part::Literal(literal), Part::Parameter { multi_segment: multi_segment(name) }]);
            rest = after;
        }
        parts.push(Part::Literal(rest));
        Self { method: operation.method(), parts, operation }
    }

    fn literal_length(&self) -> usize {
        let length = |part: &Part<'_>| if let Part::Literal(text) = part { text.len() } else { 0 };
        self.parts.iter().map(length).sum()
    }

    fn fits(&self, path: &str, version: Version) -> bool {
        let Some((Part::Literal(first), parts)) = self.parts.split_first() else { return false };
        match version {
            Version::Same => path.strip_prefix(first).is_some_and(|rest| fit(parts, rest)),
            Version::Any => {
                let (Some(first), Some(path)) = (unversioned(first), unversioned(path)) else { return false };
                path.strip_prefix(first).is_some_and(|rest| fit(parts, rest))
            }
        }
    }
}

fn fit(parts: &[Part<'_>], path: &str) -> bool {
    match parts.split_first() {
        None => path.is_empty(),
        Some((Part::Literal(text), parts)) => path.strip_prefix(text).is_some_and(|rest| fit(parts, rest)),
        Some((Part::Parameter { multi_segment }, parts)) => {
            let segment = path.find('/').filter(|_| !multi_segment).unwrap_or(path.len());
            let ends = path.char_indices().map(|(at, letter)| at + letter.len_utf8());
            ends.take_while(|end| *end <= segment).any(|end| fit(parts, &path[end..]))
        }
    }
}

/// What follows `/api/2.1/`.
fn unversioned(path: &str) -> Option<&str> {
    path.strip_prefix("/api/")?.split_once('/').map(|(_, rest)| rest)
}

pub(crate) fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

#[test]
fn the_path_that_says_most_is_meant() {
    use serde_json::json;
    let operation =
        |id: &str, parameters: serde_json::Value| json!({ "operationId": id, "parameters": parameters });
    let parameter = |name: &str, multi: bool| json!([{ "name": name, "in": "path", "x-databricks-multi-segment": multi }]);
    let root = json!({ "paths": {
        "/api/2.1/jobs/{id}": { "get": operation("get", parameter("id", false)) },
        "/api/2.1/jobs/list": { "get": operation("list", json!([])) },
        "/api/2.0/fs/files{path}": { "get": operation("download", parameter("path", true)) },
        "/api/2.0/rows/{id}:copy": { "get": operation("copy", parameter("id", false)) },
    } });
    let documents = [Document::from_value("jobs", root)];
    let paths = Paths::of(&documents);
    for (path, expected) in [
        ("/api/2.1/jobs/list?limit=1", Some(("list", true))),
        ("/api/2.1/jobs/7", Some(("get", true))),
        ("/api/2.1/jobs/a%2Fb", Some(("get", true))),
        ("/api/2.0/jobs/list", Some(("list", false))),
        ("/api/2.1/jobs/a/b", None),
        ("/api/2.1/jobs/", None),
        ("/api/2.0/fs/files/Volumes/a/b.txt", Some(("download", true))),
        ("/api/2.0/rows/ü:copy", Some(("copy", true))),
        ("/jobs/list", None),
    ] {
        let found = paths.find("GET", path).map(|found| (found.operation.id(), found.same_version));
        assert_eq!(found, expected, "{path}");
        assert!(paths.find("PUT", path).is_none(), "{path}");
    }
}
