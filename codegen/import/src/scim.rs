//! SCIM: users, groups and service principals, which the SDK has twice.
//!
//! Next to `GroupsAPI` there is `GroupsV2API`, with other types around the very same calls. A document can say a
//! call once, so the first of the two is kept. Any other two operations with the same method and path are an error.

use crate::methods::Operation;

/// Whether two operations with the same call are one method of the two generations of an API.
pub(crate) fn are_twins(one: &Operation, other: &Operation) -> bool {
    one.method == other.method && one.api != other.api && first(&one.api) == first(&other.api)
}

/// The first generation of an API: `GroupsV2API` → `Groups`.
fn first(api: &str) -> &str {
    let name = api.strip_suffix("API").unwrap_or(api);
    name.strip_suffix("V2").unwrap_or(name)
}
