//! The address of a workspace, as people paste it and as calls use it, and the cloud it is in.

use url::{Host, Url};

use crate::error::ConfigError;

/// An address, and the ids that a pasted one carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme and authority.
    pub origin: String,
    pub workspace_id: Option<String>,
    pub account_id: Option<String>,
}

/// Scheme and authority of an address. `https` is added where no scheme is given, a path is
/// dropped; plain `http` is for loopback only, since a token travels with every call.
pub(super) fn parse(host: &str) -> Result<Address, ConfigError> {
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
    let id = |names: &[&str]| {
        let mut pairs = url.query_pairs();
        let found = pairs.find(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty());
        found.map(|(_, value)| value.into_owned())
    };
    Ok(Address {
        origin: url.origin().ascii_serialization(),
        workspace_id: id(&["o", "w"]),
        account_id: id(&["a"]),
    })
}

/// Whether what is sent there cannot be read on the way.
pub(crate) fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Who runs the machines of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
}

impl Cloud {
    /// By name, however it is written.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "AWS" => Some(Self::Aws),
            "AZURE" => Some(Self::Azure),
            "GCP" => Some(Self::Gcp),
            _ => None,
        }
    }
}

/// The parts of Azure that have addresses of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AzureCloud {
    pub name: &'static str,
    /// Where tokens come from, with a slash at the end.
    pub login: &'static str,
    /// What a token of the management plane is for.
    pub management: &'static str,
    /// Where resources are looked up, with a slash at the end.
    pub resources: &'static str,
}

const AZURE_CLOUDS: &[AzureCloud] = &[
    AzureCloud {
        name: "PUBLIC",
        login: "https://login.microsoftonline.com/",
        management: "https://management.core.windows.net/",
        resources: "https://management.azure.com/",
    },
    AzureCloud {
        name: "USGOVERNMENT",
        login: "https://login.microsoftonline.us/",
        management: "https://management.core.usgovcloudapi.net/",
        resources: "https://management.usgovcloudapi.net/",
    },
    AzureCloud {
        name: "CHINA",
        login: "https://login.chinacloudapi.cn/",
        management: "https://management.core.chinacloudapi.cn/",
        resources: "https://management.chinacloudapi.cn/",
    },
];

/// Endings of host names, the cloud, and the part of Azure.
const ZONES: &[(&str, Cloud, &str)] = &[
    (".azuredatabricks.net", Cloud::Azure, "PUBLIC"),
    (".databricks.azure.us", Cloud::Azure, "USGOVERNMENT"),
    (".databricks.azure.cn", Cloud::Azure, "CHINA"),
    (".gcp.databricks.com", Cloud::Gcp, ""),
    (".databricks.com", Cloud::Aws, ""),
    (".databricks.us", Cloud::Aws, ""),
];

/// The cloud of an address and, on Azure, which part; none where the name does not tell.
pub(super) fn zone(host: &str) -> Option<(Cloud, Option<&'static AzureCloud>)> {
    let name = Url::parse(host).ok()?.host_str()?.to_owned();
    let (_, cloud, part) = ZONES.iter().find(|(ending, ..)| name.ends_with(ending))?;
    Some((*cloud, azure_cloud(part)))
}

/// By name; `AzureUSGovernmentCloud` and the like are understood.
pub(super) fn azure_cloud(name: &str) -> Option<&'static AzureCloud> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("AZURE").unwrap_or(&name);
    let name = name.strip_suffix("CLOUD").unwrap_or(name);
    AZURE_CLOUDS.iter().find(|cloud| cloud.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (given, expected) in [
            ("https://x.cloud.databricks.com/", "https://x.cloud.databricks.com"),
            ("x.cloud.databricks.com", "https://x.cloud.databricks.com"),
            ("https://x.com:443/a/b", "https://x.com"),
            ("https://adb-1.2.azuredatabricks.net/?o=1#job/2", "https://adb-1.2.azuredatabricks.net"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:1/x", "http://[::1]:1"),
        ] {
            assert_eq!(parse(given).unwrap().origin, expected);
        }
    }

    #[test]
    fn a_pasted_address_carries_ids() {
        for (given, workspace, account) in [
            ("https://x.com/?o=12", Some("12"), None),
            ("x.com/browse?w=13&a=abc", Some("13"), Some("abc")),
            ("https://x.com/?o=", None, None),
        ] {
            let address = parse(given).unwrap();
            assert_eq!(
                (address.workspace_id.as_deref(), address.account_id.as_deref()),
                (workspace, account)
            );
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
            let error = parse(given).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("secret"), "{given}: {error}");
        }
    }

    #[test]
    fn clouds_are_told_apart_by_their_names() {
        for (host, cloud, part) in [
            ("https://x.cloud.databricks.com", Some(Cloud::Aws), None),
            ("https://accounts.cloud.databricks.us", Some(Cloud::Aws), None),
            ("https://1.2.gcp.databricks.com", Some(Cloud::Gcp), None),
            ("https://adb-1.2.azuredatabricks.net", Some(Cloud::Azure), Some("PUBLIC")),
            ("https://adb-1.2.databricks.azure.us", Some(Cloud::Azure), Some("USGOVERNMENT")),
            ("https://adb-1.2.databricks.azure.cn", Some(Cloud::Azure), Some("CHINA")),
            ("http://127.0.0.1:1", None, None),
        ] {
            let found = zone(host);
            assert_eq!(found.map(|(cloud, _)| cloud), cloud, "{host}");
            assert_eq!(found.and_then(|(_, azure)| azure).map(|azure| azure.name), part, "{host}");
        }
        assert_eq!(azure_cloud("AzureUSGovernmentCloud").unwrap().name, "USGOVERNMENT");
    }
}
