//! The emulated parts of the REST API, one module per area.

#[cfg(feature = "sql")]
mod catalog;
pub(crate) mod clusters;
pub(crate) mod commands;
pub(crate) mod dbfs;
pub(crate) mod dbsql;
pub(crate) mod files;
pub(crate) mod grants;
mod history;
pub(crate) mod identity;
pub(crate) mod jobs;
mod lenient;
mod libraries;
mod mlflow;
mod oauth;
#[cfg(feature = "sql")]
pub(crate) mod outside;
mod paging;
pub(crate) mod permissions;
mod pipelines;
pub(crate) mod plain;
pub(crate) mod scim;
mod secrets;
mod served;
mod serving;
mod settings;
#[cfg(feature = "sql")]
pub(crate) mod statements;
pub(crate) mod tokens;
pub(crate) mod uc;
pub(crate) mod warehouses;
pub(crate) mod workspace;

#[cfg(feature = "sql")]
pub(crate) use identity::METASTORE;
#[cfg(feature = "sql")]
pub(crate) use identity::USER;
pub(crate) use identity::WORKSPACE_ID;
pub(crate) use served::served;

use axum::Router;
use axum::routing::MethodRouter;

use crate::state::AppState;

/// A part of the API: its routes, with their full paths.
type Area = fn() -> Router<AppState>;

/// What needs the token.
const AREAS: &[Area] = &[
    clusters::routes,
    commands::routes,
    warehouses::routes,
    workspace::routes,
    dbfs::routes,
    files::routes,
    jobs::routes,
    mlflow::routes,
    #[cfg(feature = "sql")]
    statements::routes,
    #[cfg(feature = "sql")]
    catalog::routes,
];

/// What must do without the token: presigned addresses, and what is asked before signing in.
const PUBLIC: &[Area] = &[
    identity::public_routes,
    oauth::public_routes,
    files::public_routes,
    #[cfg(feature = "sql")]
    statements::public_routes,
];

/// What of the plain operations needs more than a table.
pub(crate) const HANDLERS: &[&[plain::Route]] = &[
    dbsql::ROUTES,
    grants::ROUTES,
    history::ROUTES,
    libraries::ROUTES,
    mlflow::ROUTES[0],
    mlflow::ROUTES[1],
    mlflow::ROUTES[2],
    oauth::ROUTES,
    permissions::ANY,
    permissions::NAMED,
    pipelines::ROUTES,
    scim::GROUP_ROUTES,
    scim::ME,
    scim::PRINCIPAL_ROUTES,
    scim::USER_ROUTES,
    secrets::ROUTES,
    serving::ROUTES,
    settings::ROUTES,
    settings::SETTINGS,
    tokens::ROUTES,
    uc::ROUTES,
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
