//! What calls say of the program that makes them.

use std::sync::OnceLock;

use reqwest::header::HeaderValue;

use crate::error::ConfigError;

/// The user agent. It tells how the caller logs in, which some logins know at the first call only.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    product: Option<String>,
    /// As it was when the client was made.
    auth_type: &'static str,
    chosen: OnceLock<HeaderValue>,
}

impl Agent {
    pub(super) fn new(product: Option<&str>, auth_type: &'static str) -> Self {
        Self { product: product.map(str::to_owned), auth_type, chosen: OnceLock::new() }
    }

    /// What every request says unless it says something else.
    pub(super) fn usual(&self) -> Result<HeaderValue, ConfigError> {
        let agent = self.text(self.auth_type);
        HeaderValue::from_str(&agent).map_err(|_| ConfigError::Invalid {
            attribute: "user_agent",
            value: agent,
            expected: "a name and version in printable ASCII".to_owned(),
        })
    }

    /// What a request says beside, where the way to log in was chosen since.
    pub(super) fn changed(&self, auth_type: &'static str) -> Option<HeaderValue> {
        if auth_type == self.auth_type {
            return None;
        }
        if let Some(chosen) = self.chosen.get() {
            return Some(chosen.clone());
        }
        // The product was found good before, and types are plain words.
        let chosen = HeaderValue::from_str(&self.text(auth_type)).ok()?;
        Some(self.chosen.get_or_init(|| chosen).clone())
    }

    /// In the form of the official SDKs: what is called first, then what calls.
    fn text(&self, auth_type: &str) -> String {
        let ours = concat!("databricks-toolkit/", env!("CARGO_PKG_VERSION"), " lang/rust");
        let product = self.product.as_ref().map(|product| format!("{product} ")).unwrap_or_default();
        format!("{product}{ours} os/{} auth/{auth_type}", std::env::consts::OS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_login_is_told() {
        let agent = Agent::new(Some("app/1"), "default");
        assert!(agent.usual().unwrap().to_str().unwrap().starts_with("app/1 databricks-toolkit/"));
        assert_eq!(agent.changed("default"), None);
        let changed = agent.changed("azure-cli").unwrap();
        assert!(changed.to_str().unwrap().ends_with(" auth/azure-cli"), "{changed:?}");
        assert!(Agent::new(Some("a\nb"), "pat").usual().is_err());
    }
}
