//! Each mistake in a toolset is a compile error at the very word, with the nearest name suggested.

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
