//! Parts of a path, encoded.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a segment may not hold literally: the path set of the URL standard, the slash, and what
/// servers in between like to decode.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'%')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']');

/// A value that is one segment: its slashes are encoded.
pub fn encode_path(value: &str) -> String {
    match value {
        // A URL parser would take these for steps in the tree.
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => utf8_percent_encode(value, SEGMENT).to_string(),
    }
}

/// A value that spans segments, such as a file's path: its slashes are kept.
pub fn encode_path_segments(value: &str) -> String {
    value.split('/').map(encode_path).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_kept_only_between_segments() {
        assert_eq!(encode_path("a/b c"), "a%2Fb%20c");
        assert_eq!(encode_path_segments("/Volumes/a b/ü?.txt"), "/Volumes/a%20b/%C3%BC%3F.txt");
    }
}
