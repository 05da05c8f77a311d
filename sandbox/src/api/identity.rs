//! Who and where: the workspace's own names, and what a host tells about itself before anybody has signed in.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::state::AppState;

/// The name of the user who owns what the sandbox holds from the start.
pub(crate) const USER: &str = "sandbox.user@example.com";

/// The user's numeric id.
pub(crate) const USER_ID: i64 = 7_405_926_170_284_531;

/// The ids of the groups that every workspace has.
pub(crate) const ADMINS: &str = "100000000000001";
pub(crate) const USERS: &str = "100000000000002";

/// The workspace's id.
pub(crate) const WORKSPACE_ID: &str = "1000000000000001";

/// The account that the workspace belongs to.
pub(crate) const ACCOUNT_ID: &str = "00000000-0000-4000-8000-000000000001";

/// The metastore that holds all catalogs.
pub(crate) const METASTORE: &str = "5a2d6a8c-5f6e-4a0b-9d4e-3c1f0b7e2a10";

pub(crate) fn public_routes() -> Router<AppState> {
    let metadata = |State(state): State<AppState>| async move {
        Json(json!({
            "workspace_id": WORKSPACE_ID,
            "account_id": ACCOUNT_ID,
            "host_type": "workspace",
            "cloud": "AWS",
            "oidc_endpoint": format!("{}/oidc", state.url),
        }))
    };
    Router::new().route("/.well-known/databricks-config", get(metadata))
}
