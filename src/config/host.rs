//! The address of a workspace, as people paste it and as calls use it.

use url::{Host, Url};

use crate::error::ConfigError;

/// Scheme and authority of an address. `https` is added where no scheme is given, a path or query
/// is dropped; plain `http` is for loopback only, since a token travels with every call.
pub(super) fn normalise(host: &str) -> Result<String, ConfigError> {
    let invalid = |expected: &str| ConfigError::Invalid {
        attribute: "host",
        // Whatever stands before an @ may be a password.
        value: host.rsplit('@').next().unwrap_or_default().to_owned(),
        expected: expected.to_owned(),
    };
    let with_scheme = match host.contains("://") {
        true => host.to_owned(),
        false => format!("https://{host}"),
    };
    let url = Url::parse(&with_scheme)
        .map_err(|_| invalid("an address such as https://my-workspace.cloud.databricks.com"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            "an address without user name and password; credentials have settings of their own",
        ));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(invalid("https; http would send the token unencrypted and is for loopback only"));
        }
        _ => return Err(invalid("a scheme of https")),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("an address with a host name"));
    }
    Ok(url.origin().ascii_serialization())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn addresses_are_normalised() {
        for (given, expected) in [
            ("https://x.cloud.databricks.com/", "https://x.cloud.databricks.com"),
            ("x.cloud.databricks.com", "https://x.cloud.databricks.com"),
            ("https://adb-1.2.azuredatabricks.net/?o=1#job/2", "https://adb-1.2.azuredatabricks.net"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:1/x", "http://[::1]:1"),
        ] {
            assert_eq!(normalise(given).unwrap(), expected);
        }
    }

    #[test]
    fn unusable_addresses_say_what_is_expected() {
        for (given, part) in [
            ("http://x.cloud.databricks.com", "loopback only"),
            ("ftp://x.com", "a scheme of https"),
            ("https://me:secret@x.com", "without user name"),
            ("https://", "an address"),
        ] {
            let error = normalise(given).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("secret"), "{given}: {error}");
        }
    }
}
