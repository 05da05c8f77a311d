//! Finds the operation that a request is for.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{OPERATIONS, Operation};

/// The variable parts of a path, in their order.
pub(crate) type PathParams = Vec<(&'static str, String)>;

/// A segment of a path in a document.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Is(&'static str),
    /// A parameter between fixed texts, such as `{name}:cancel`.
    Holds {
        before: &'static str,
        name: &'static str,
        after: &'static str,
    },
}

impl Part {
    fn new(text: &'static str) -> Self {
        match text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
            Some((before, (name, after))) => Self::Holds { before, name, after },
            None => Self::Is(text),
        }
    }
}

struct Route {
    parts: Vec<Part>,
    operation: &'static Operation,
}

impl Route {
    /// How fixed the path is: fixed segments weigh more, and earlier ones before later ones.
    fn weight(&self) -> Vec<usize> {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Is(_) => usize::MAX,
                Part::Holds { before, after, .. } => before.len() + after.len(),
            })
            .collect()
    }

    fn params(&self, path: &[String]) -> Option<PathParams> {
        let mut params = Vec::new();
        for (part, text) in self.parts.iter().zip(path) {
            match part {
                Part::Is(fixed) if fixed == text => {}
                Part::Is(_) => return None,
                Part::Holds { before, name, after } => {
                    let value = text.strip_prefix(before)?.strip_suffix(after)?;
                    if value.is_empty() {
                        return None;
                    }
                    params.push((*name, value.to_owned()));
                }
            }
        }
        Some(params)
    }
}

/// Routes by method and number of segments, the most fixed first.
static ROUTES: LazyLock<HashMap<(&'static str, usize), Vec<Route>>> = LazyLock::new(|| {
    let mut routes: HashMap<_, Vec<Route>> = HashMap::new();
    for operation in OPERATIONS {
        let parts: Vec<Part> = operation.path.split('/').skip(1).map(Part::new).collect();
        routes.entry((operation.method, parts.len())).or_default().push(Route { parts, operation });
    }
    for routes in routes.values_mut() {
        routes.sort_by_cached_key(|route| std::cmp::Reverse(route.weight()));
    }
    routes
});

/// The operation for a method and path, and the values of the path's parameters. A segment is decoded after the path is
/// split, so that a name may hold an encoded slash.
pub(crate) fn find(method: &str, path: &str) -> Option<(&'static Operation, PathParams)> {
    let path: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let routes = ROUTES.iter().find(|((known, length), _)| *known == method && *length == path.len())?.1;
    routes.iter().find_map(|route| Some((route.operation, route.params(&path)?)))
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(method: &str, path: &str) -> Option<&'static str> {
        find(method, path).map(|(operation, _)| operation.id)
    }

    #[test]
    fn the_most_fixed_path_wins() {
        assert_eq!(
            id("GET", "/api/2.0/permissions/authorization/tokens"),
            Some("token_management_get_permissions")
        );
        assert_eq!(id("GET", "/api/2.0/permissions/clusters/1"), Some("clusters_get_permissions"));
        assert_eq!(
            id("POST", "/api/2.1/unity-catalog/metastores:undropById"),
            Some("metastores_undrop_metastore_by_id")
        );
        assert_eq!(id("GET", "/api/2.0/no/such"), None);
        assert_eq!(id("PUT", "/api/2.0/repos"), None);
    }

    #[test]
    fn parameters_are_decoded() {
        let (_, params) = find("GET", "/api/2.1/unity-catalog/external-locations/a%2Fb%20c").unwrap();
        assert_eq!(params, [("name", "a/b c".to_owned())]);
    }

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        let mut hidden = Vec::new();
        for operation in OPERATIONS {
            let path = operation.path.replace(['{', '}'], "");
            match id(operation.method, &path) {
                Some(found) if found == operation.id => {}
                found => hidden.push((operation.id, found)),
            }
        }
        // the same path twice, once with a fixed word and once with a parameter: the parameter's name is no such word
        assert!(hidden.len() < 12, "{hidden:?}");
    }
}
