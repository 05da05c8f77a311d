//! Several statements in one text.

/// The statements of a text, split at the semicolons outside of quotes and comments; those that
/// are nothing but comments are left out.
///
/// A text that begins with `BEGIN` is a compound statement, whose semicolons are its own.
pub fn split(text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let (mut start, mut at, mut said) = (0, 0, false);
    while let Some(token) = token(&text[at..]) {
        let end = at + token.length;
        match token.kind {
            Kind::Semicolon if !(said && is_compound(&text[start..])) => {
                if said {
                    statements.push(text[start..at].trim());
                }
                (start, said) = (end, false);
            }
            Kind::Nothing => {}
            _ => said = true,
        }
        at = end;
    }
    if said {
        statements.push(text[start..].trim());
    }
    statements
}

/// The first word, in capitals, after comments and opening brackets.
pub(super) fn first_word(text: &str) -> String {
    let mut at = 0;
    while let Some(token) = token(&text[at..]) {
        match token.kind {
            Kind::Nothing => {}
            _ if text[at..].starts_with('(') => {}
            _ => break,
        }
        at += token.length;
    }
    text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>().to_uppercase()
}

fn is_compound(text: &str) -> bool {
    first_word(text) == "BEGIN"
}

struct Token {
    kind: Kind,
    length: usize,
}

enum Kind {
    /// White space and comments.
    Nothing,
    Semicolon,
    Other,
}

/// The token that a text begins with; `None` at its end.
fn token(text: &str) -> Option<Token> {
    let first = text.chars().next()?;
    let (kind, length) = match first {
        ';' => (Kind::Semicolon, 1),
        c if c.is_whitespace() => (Kind::Nothing, c.len_utf8()),
        '-' if text.starts_with("--") => (Kind::Nothing, text.find('\n').map_or(text.len(), |end| end + 1)),
        '/' if text.starts_with("/*") => (Kind::Nothing, comment(text)),
        '\'' | '"' => (Kind::Other, quoted(text, first, true)),
        '`' => (Kind::Other, quoted(text, first, false)),
        c => (Kind::Other, c.len_utf8()),
    };
    Some(Token { kind, length })
}

/// The length of a comment in brackets, which may hold others.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a text in quotes; two quotes that follow each other are two texts, which is as good.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut skip = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if skip => skip = false,
            '\\' if escapes => skip = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_do_not_split() {
        let text = "select ';' , \"a\\\";b\", `x;``y`; -- no; \n\n/* a /* ; */ ; */ ;\nSELECT 'it''s;' ;; select 'ü;'";
        let expected = ["select ';' , \"a\\\";b\", `x;``y`", "SELECT 'it''s;'", "select 'ü;'"];
        assert_eq!(split(text), expected);
    }

    #[test]
    fn a_compound_statement_is_one() {
        let text = "-- do\nBEGIN DECLARE x INT; SET x = 1; END;";
        assert_eq!(split(text), [text]);
        assert_eq!(split("select 1; begin select 2; end"), ["select 1", "begin select 2; end"]);
    }

    #[test]
    fn the_first_word_comes_after_comments() {
        assert_eq!(first_word("/* x */ -- y\n ( (select 1))"), "SELECT");
        assert_eq!(first_word(""), "");
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in ["select 'a; b", "select 1 /* ; ", "select `a;"] {
            assert_eq!(split(text), [text.trim()]);
        }
    }
}
