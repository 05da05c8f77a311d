//! What a server offers, which may change while it serves, and those who are told of it.
//!
//! A client of 2025-11-25 and before is sent a note on its session; one of 2026-07-28 listens on a stream of its own.

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Server;
use crate::mcp::{Limits, Registry, Terms};

/// The tools of a server, and how long their calls may take.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) registry: Registry,
    pub(super) limits: Limits,
}

/// The offer as it is now. Cheap to clone; clones are one.
#[derive(Clone, Debug)]
pub(super) struct Current {
    offer: Arc<watch::Sender<Arc<Offer>>>,
    /// The sessions that want to hear of changes.
    sessions: Arc<Mutex<Vec<Peer<RoleServer>>>>,
    ended: CancellationToken,
}

impl Current {
    pub(super) fn new(registry: Registry) -> Self {
        let offer = Arc::new(Offer { registry, limits: Limits::default() });
        Self {
            offer: Arc::new(watch::Sender::new(offer)),
            sessions: Arc::default(),
            ended: CancellationToken::new(),
        }
    }

    pub(super) fn offer(&self) -> Arc<Offer> {
        Arc::clone(&self.offer.borrow())
    }

    /// Sets the limits before anybody is served.
    pub(super) fn limit(&self, limits: Limits) {
        self.offer.send_modify(|offer| *offer = Arc::new(Offer { limits, ..(**offer).clone() }));
    }

    /// Remembers a session, and forgets those that ended.
    pub(super) fn tell(&self, session: Peer<RoleServer>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|known| !known.is_transport_closed());
        sessions.push(session);
    }

    /// Passes changes on until nobody listens any more, or the server ends.
    pub(super) async fn listen(&self, subscription: &SubscriptionContext) {
        let mut changes = self.offer.subscribe();
        loop {
            tokio::select! {
                () = subscription.cancelled() => return,
                () = self.ended.cancelled() => return,
                changed = changes.changed() => {
                    if changed.is_err() || subscription.sink().notify_tool_list_changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Ends what listens.
    pub(super) fn end(&self) {
        self.ended.cancel();
    }

    fn sessions(&self) -> Vec<Peer<RoleServer>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Server {
    /// Changes what is offered and on which terms while it is served. Calls under way end as they began; clients are
    /// told where their list of tools is another one now.
    pub async fn change(&self, registry: &Registry, limits: Limits, terms: Terms) {
        let app = &self.callers.own().app;
        let registry = registry.over(app.workspaces());
        let before = (self.registry().names(), app.terms().policy.read_only);
        let changed = before != (registry.names(), terms.policy.read_only);
        app.change_terms(terms);
        let offer = Arc::new(Offer { registry, limits });
        if !changed {
            // Nobody has to look again.
            self.current.offer.send_if_modified(|current| {
                *current = offer;
                false
            });
            return;
        }
        self.current.offer.send_replace(offer);
        for session in self.current.sessions() {
            // One that has gone needs no note.
            let _ = session.notify_tool_list_changed().await;
        }
    }
}
