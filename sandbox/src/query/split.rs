//! Where one SQL statement ends and the next begins.

/// Cuts a text at the semicolons between statements, and drops what is empty or mere comment.
pub(super) fn statements(text: &str) -> Vec<String> {
    let (mut statements, mut current, mut substance) = (Vec::new(), String::new(), false);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kind) = match first {
            '\'' | '"' | '`' => (quoted(rest, first), Kind::Substance),
            '-' if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), Kind::Filler),
            '/' if rest.starts_with("/*") => {
                (rest.find("*/").map_or(rest.len(), |end| end + 2), Kind::Filler)
            }
            ';' => (1, Kind::End),
            _ if first.is_whitespace() => (first.len_utf8(), Kind::Filler),
            _ => (first.len_utf8(), Kind::Substance),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match kind {
            Kind::End => {
                if std::mem::take(&mut substance) {
                    statements.push(std::mem::take(&mut current).trim().to_owned());
                }
                current.clear();
            }
            kind => {
                substance |= kind == Kind::Substance;
                current.push_str(token);
            }
        }
    }
    if substance {
        statements.push(current.trim().to_owned());
    }
    statements
}

#[derive(PartialEq, Eq)]
enum Kind {
    Substance,
    Filler,
    End,
}

/// The length of the quoted text at the start; a backslash or a doubled quote does not end it.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote != '`' {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn statements_end_at_semicolons_that_are_not_quoted() {
        let text = "-- first; really\nSELECT ';', \"a\\\";\", `b;``;` ;; /* ; */ ; select 'it''s;';\n-- end";
        assert_eq!(
            statements(text),
            ["-- first; really\nSELECT ';', \"a\\\";\", `b;``;`", "select 'it''s;'"]
        );
        assert_eq!(statements("select 'open;"), ["select 'open;"]);
        assert_eq!(statements(" \n;--x"), Vec::<String>::new());
    }
}
