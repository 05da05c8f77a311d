//! Who is asking: the one user that owns the workspace.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::state::AppState;

/// The user's name, which is also the owner of what the sandbox holds from the start.
pub(crate) const USER: &str = "sandbox.user@example.com";

/// The user's numeric id.
pub(crate) const USER_ID: i64 = 7_405_926_170_284_531;

/// The workspace's id.
pub(crate) const WORKSPACE_ID: &str = "1000000000000001";

/// What a host tells about itself before anybody has signed in. There is no OAuth here, so no address for it either.
pub(crate) fn public_routes() -> Router<AppState> {
    let metadata =
        || async { Json(json!({ "workspace_id": WORKSPACE_ID, "host_type": "workspace", "cloud": "AWS" })) };
    Router::new().route("/.well-known/databricks-config", get(metadata))
}

pub(crate) fn routes() -> Router<AppState> {
    ["/api/2.0/preview/scim/v2/Me", "/api/2.0/account/scim/v2/Me"]
        .iter()
        .fold(Router::new(), |router, path| router.route(path, get(me)))
}

async fn me() -> Json<Value> {
    Json(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:workspace:2.0:User"],
        "id": USER_ID.to_string(),
        "userName": USER,
        "displayName": "Sandbox User",
        "name": {"givenName": "Sandbox", "familyName": "User"},
        "emails": [{"type": "work", "value": USER, "primary": true}],
        "active": true,
        "groups": [{"display": "admins", "type": "direct", "value": "100000000000001", "$ref": "Groups/100000000000001"}],
        "entitlements": [{"value": "workspace-access"}, {"value": "databricks-sql-access"}, {"value": "allow-cluster-create"}],
    }))
}
