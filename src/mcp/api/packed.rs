//! The documents in the binary: compressed, a section each, unpacked at first use.

use std::sync::OnceLock;

use super::super::ToolError;

/// Where a section is in the file.
struct Section {
    name: &'static str,
    start: usize,
    length: usize,
    /// Bytes of its text.
    text: usize,
}

include!(concat!(env!("OUT_DIR"), "/long_tail.rs"));

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/long_tail.bin"));

/// The texts that were unpacked, in the order of the sections.
static TEXTS: OnceLock<Vec<OnceLock<String>>> = OnceLock::new();

/// The text of a section: `index`, or a document by its name.
pub(super) fn text(name: &str) -> Result<&'static str, ToolError> {
    let place = SECTIONS.iter().position(|section| section.name == name);
    let texts = TEXTS.get_or_init(|| SECTIONS.iter().map(|_| OnceLock::new()).collect());
    let found = place.and_then(|place| Some((SECTIONS.get(place)?, texts.get(place)?)));
    let (section, text) = found.ok_or_else(|| broken(name))?;
    if let Some(text) = text.get() {
        return Ok(text);
    }
    let packed = PACKED.get(section.start..section.start + section.length);
    let bytes = packed
        .and_then(|packed| miniz_oxide::inflate::decompress_to_vec_with_limit(packed, section.text).ok())
        .ok_or_else(|| broken(name))?;
    let unpacked = String::from_utf8(bytes).map_err(|_| broken(name))?;
    Ok(text.get_or_init(|| unpacked))
}

/// What only a wrong build can be the reason of.
pub(super) fn broken(name: &str) -> ToolError {
    ToolError::Failed(format!("the section `{name}` of the API's description in this program cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sections_can_be_read_and_are_small() {
        for section in SECTIONS {
            assert_eq!(text(section.name).unwrap().len(), section.text, "{}", section.name);
        }
        assert_eq!(SECTIONS.len(), 44);
        assert!(PACKED.len() < 400_000, "{}", PACKED.len());
        assert!(text("no_such").is_err());
    }
}
