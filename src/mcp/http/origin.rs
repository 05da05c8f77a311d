//! Origins of web pages: scheme, host and port.

use std::fmt;

use url::Url;

/// An origin, or all ports of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    /// None for any.
    port: Option<u16>,
}

impl Origin {
    /// Takes `https://app.example`, `http://localhost:8080` or `http://localhost:*`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let (address, any_port) = text.strip_suffix(":*").map_or((text, false), |address| (address, true));
        let url = Url::parse(address).map_err(|_| "it is no address")?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("its scheme is neither http nor https");
        }
        if url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
        {
            return Err("an origin has nothing but scheme, host and port");
        }
        let port = if any_port { None } else { url.port_or_known_default() };
        Ok(Self { scheme: url.scheme().to_owned(), host: host.to_owned(), port })
    }

    /// All ports of a host.
    pub(super) fn of_host(scheme: &str, host: &str) -> Self {
        Self { scheme: scheme.to_owned(), host: host.to_owned(), port: None }
    }

    /// Whether another one is this one, or one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.host == other.host
            && (self.port.is_none() || self.port == other.port)
    }
}

impl fmt::Display for Origin {
    /// As rmcp takes it: always with a port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}://{}:{port}", self.scheme, self.host),
            None => write!(f, "{}://{}:*", self.scheme, self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_apart_by_scheme_host_and_port() {
        let parse = |text: &str| Origin::parse(text).unwrap();
        assert_eq!(parse("https://App.Example").to_string(), "https://app.example:443");
        assert_eq!(parse("http://[::1]:*").to_string(), "http://[::1]:*");
        assert!(parse("http://localhost:*").covers(&parse("http://localhost:5173")));
        assert!(parse("https://a.example").covers(&parse("https://a.example:443")));
        for other in
            ["http://a.example", "https://a.example:444", "https://b.a.example", "https://a.example.evil"]
        {
            assert!(!parse("https://a.example").covers(&parse(other)), "{other}");
        }
        for wrong in
            ["a.example", "null", "file:///x", "https://a.example/path", "https://u@a.example", "ftp://a"]
        {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
