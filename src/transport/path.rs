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
///
/// `.` and `..` are steps in the tree to every URL parser, however they are encoded. They get a NUL,
/// which no path may hold and which the transport refuses.
pub(crate) fn encode_path(value: &str) -> String {
    match value {
        "." | ".." => format!("{value}%00"),
        _ => utf8_percent_encode(value, SEGMENT).to_string(),
    }
}

/// Whether a path has a part that cannot be sent.
pub(super) fn is_refused(path: &str) -> bool {
    path.contains("%00")
}

/// A value that spans segments, such as a file's path: its slashes are kept.
pub(crate) fn encode_path_segments(value: &str) -> String {
    value.split('/').map(encode_path).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_in_the_tree_are_refused() {
        for value in ["..", "a/../b", "/Volumes/./x", "a\0b"] {
            assert!(is_refused(&encode_path_segments(value)), "{value}");
        }
        assert!(!is_refused(&encode_path_segments("/a/...b/c..d")));
    }

    #[test]
    fn slashes_are_kept_only_between_segments() {
        assert_eq!(encode_path("a/b c"), "a%2Fb%20c");
        assert_eq!(encode_path_segments("/Volumes/a b/ü?.txt"), "/Volumes/a%20b/%C3%BC%3F.txt");
    }
}
