//! The tables of `docs/authentication.md` are those of the code.

use databricks_toolkit::auth::AUTH_TYPES;
use databricks_toolkit::config::Attribute;

fn names(attributes: &[Attribute]) -> String {
    attributes.iter().map(|attribute| format!("`{attribute}`")).collect::<Vec<_>>().join(", ")
}

fn types() -> String {
    let rows = AUTH_TYPES.iter().map(|kind| {
        format!("| `{}` | {} | {} | {} |\n", kind.name, kind.about, names(kind.needs), names(kind.uses))
    });
    format!("| `auth_type` | who logs in | needs | uses |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

fn settings() -> String {
    let rows = Attribute::ALL.iter().map(|attribute| {
        let variables: Vec<_> = attribute.variables().iter().map(|name| format!("`{name}`")).collect();
        format!("| `{attribute}` | {} | {} |\n", variables.join(", "), attribute.about())
    });
    format!("| setting | variables | what it is |\n|---|---|---|\n{}", rows.collect::<String>())
}

/// `UPDATE_DOCS=1` writes them.
#[test]
fn the_tables_are_those_of_the_code() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/authentication.md");
    let written = std::fs::read_to_string(file).unwrap();
    let mut expected = written.clone();
    for (name, table) in [("types", types()), ("settings", settings())] {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let (head, rest) = expected.split_once(&begin).unwrap();
        let (_, tail) = rest.split_once(&end).unwrap();
        expected = format!("{head}{begin}{table}{end}{tail}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &expected).unwrap();
    } else {
        assert!(
            written == expected,
            "run UPDATE_DOCS=1 cargo test --no-default-features --features iam --test auth docs"
        );
    }
}
