//! The two spellings of names: `snake_case` for operations and parameters, `PascalCase` for schemas.
//!
//! Own code rather than heck's: operation ids are public (curated lists and overlays name them), so a release of a
//! dependency must not respell them. The difference is in digits: `AlertsV2` is `alerts_v2` here.

/// `ClusterPolicies` → `cluster_policies`, `HTTPRequest` → `http_request`, `AlertsV2` → `alerts_v2`.
pub(crate) fn snake(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let upper = |i: usize| chars.get(i).is_some_and(char::is_ascii_uppercase);
    let lower = |i: usize| chars.get(i).is_some_and(char::is_ascii_lowercase);
    let mut out = String::with_capacity(text.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        let after_word = i > 0 && (lower(i - 1) || chars[i - 1].is_ascii_digit());
        let ends_acronym = i > 0 && upper(i - 1) && lower(i + 1);
        if upper(i) && (after_word || ends_acronym) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `jobs_run_now` → `JobsRunNow`. Only first letters change.
pub(crate) fn pascal(text: &str) -> String {
    text.split(|c: char| c == '_' || !c.is_alphanumeric())
        .flat_map(|word| {
            let mut chars = word.chars();
            chars.next().into_iter().flat_map(char::to_uppercase).chain(chars)
        })
        .collect()
}

/// The name of an API without its suffix: `JobsAPI` → `jobs`.
pub(crate) fn api(class: &str) -> String {
    snake(class.strip_suffix("API").unwrap_or(class))
}

#[cfg(test)]
mod tests {
    use super::{api, pascal, snake};

    #[test]
    fn spellings() {
        for (text, expected) in [
            ("ClusterPolicies", "cluster_policies"),
            ("AlertsV2", "alerts_v2"),
            ("HTTPRequest", "http_request"),
            ("OAuthPublishedApps", "o_auth_published_apps"),
            ("IpAccessLists", "ip_access_lists"),
            ("account_id", "account_id"),
            ("ABC", "abc"),
        ] {
            assert_eq!(snake(text), expected);
        }
        assert_eq!(pascal("jobs_run_now"), "JobsRunNow");
        assert_eq!(pascal("alerts_v2_get"), "AlertsV2Get");
        assert_eq!(pascal("iamv2"), "Iamv2");
        assert_eq!(api("JobsAPI"), "jobs");
    }
}
