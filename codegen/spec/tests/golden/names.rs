//! Names hold for any text, not only for those that documents have had so far.

use std::collections::BTreeSet;

use databricks_toolkit_spec::names::{UNRECOGNIZED, field_name, type_name, variant_names};
use proptest::prelude::*;

/// Text as documents have it, and worse: names, signs, spaces, digits, letters of any script.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_.-]{0,12}",
        "[aAbB1_ -]{0,5}",
        "[!-~]{0,6}",
        "(?i)(self|type|crate|unrecognized|unrecognized_value|x|true|where|gen)",
        "\\PC{0,6}",
    ]
}

fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn variants_are_distinct_identifiers(values in prop::collection::hash_set(text(), 0..8)) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let names = variant_names(&values);
        prop_assert_eq!(names.len(), values.len());
        for name in &names {
            prop_assert!(is_identifier(name), "`{}` of {:?}", name, values);
            prop_assert_ne!(name, UNRECOGNIZED);
        }
        let distinct: BTreeSet<_> = names.iter().collect();
        prop_assert_eq!(distinct.len(), names.len(), "{:?} of {:?}", names, values);
    }

    #[test]
    fn a_value_at_the_end_renames_none_before_it(values in prop::collection::hash_set(text(), 1..8)) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let before = variant_names(&values[..values.len() - 1]);
        prop_assert_eq!(&variant_names(&values)[..before.len()], &before[..]);
    }

    #[test]
    fn a_name_of_a_name_is_the_name(name in text()) {
        let field = field_name(&name);
        prop_assert!(is_identifier(&field), "`{}` of {:?}", field, name);
        prop_assert_eq!(field_name(&field), field);
        let ty = type_name(&name);
        prop_assert!(is_identifier(&ty), "`{}` of {:?}", ty, name);
        prop_assert_eq!(type_name(&ty), ty);
    }
}
