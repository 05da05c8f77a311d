//! The emulated parts of the REST API, one module per area.

#[cfg(feature = "sql")]
mod catalog;
pub(crate) mod clusters;
pub(crate) mod commands;
pub(crate) mod dbfs;
pub(crate) mod files;
mod identity;
pub(crate) mod jobs;
mod lenient;
mod paging;
#[cfg(feature = "sql")]
pub(crate) mod statements;
pub(crate) mod warehouses;
pub(crate) mod workspace;

#[cfg(feature = "sql")]
pub(crate) use identity::USER;
pub(crate) use identity::WORKSPACE_ID;

use axum::Router;
use axum::routing::MethodRouter;

use crate::state::AppState;

/// A part of the API: its routes, with their full paths.
type Area = fn() -> Router<AppState>;

/// What needs the token.
const AREAS: &[Area] = &[
    identity::routes,
    clusters::routes,
    commands::routes,
    warehouses::routes,
    workspace::routes,
    dbfs::routes,
    files::routes,
    jobs::routes,
    #[cfg(feature = "sql")]
    statements::routes,
    #[cfg(feature = "sql")]
    catalog::routes,
];

/// What must do without the token: presigned addresses, and what is asked before signing in.
const PUBLIC: &[Area] = &[
    identity::public_routes,
    files::public_routes,
    #[cfg(feature = "sql")]
    statements::public_routes,
];

pub(crate) fn routes() -> Router<AppState> {
    merge(AREAS)
}

pub(crate) fn public_routes() -> Router<AppState> {
    merge(PUBLIC)
}

fn merge(areas: &[Area]) -> Router<AppState> {
    areas.iter().fold(Router::new(), |router, area| router.merge(area()))
}

/// Serves one handler under several versions of the API, as the service does for old clients.
fn versions(
    router: Router<AppState>,
    versions: &[&str],
    path: &str,
    handler: MethodRouter<AppState>,
) -> Router<AppState> {
    versions
        .iter()
        .fold(router, |router, version| router.route(&format!("/api/{version}/{path}"), handler.clone()))
}
