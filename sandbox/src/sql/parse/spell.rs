//! What the parser does not know, spelled out in tokens that it does: `t@v1`, `FOR VERSION AS OF`, and `VALUES … UNPIVOT`.

use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace};

/// The tokens with all of it spelled out. Places stay those of the text.
pub(super) fn out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    enclosed(versions(&tokens))
}

fn word(token: Option<&TokenWithSpan>) -> Option<&str> {
    match token.map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

fn made(token: Token, span: Span) -> TokenWithSpan {
    TokenWithSpan { token, span }
}

/// `t@v1` is `t VERSION AS OF 1`, and a `FOR` before that says nothing.
fn versions(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut spelled: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut taken = false;
    for (at, token) in tokens.iter().enumerate() {
        // the version behind the sign is spelled already
        if std::mem::take(&mut taken) {
            continue;
        }
        let number = word(tokens.get(at + 1)).and_then(|version| version.strip_prefix('v'));
        let number =
            number.filter(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()));
        if let (Token::AtSign, Some(number)) = (&token.token, number) {
            let space = || made(Token::Whitespace(Whitespace::Space), token.span);
            for text in ["version", "as", "of"] {
                spelled.extend([space(), made(Token::make_keyword(text), token.span)]);
            }
            spelled.extend([space(), made(Token::Number(number.to_owned(), false), token.span)]);
            taken = true;
            continue;
        }
        let mut after = tokens[at + 1..].iter().filter(|token| !is_space(token));
        let travels = matches!(word(Some(token)), Some("version" | "timestamp"))
            && word(after.next()) == Some("as")
            && word(after.next()) == Some("of");
        if travels
            && let Some(before) = spelled.iter().rposition(|token| !is_space(token))
            && word(spelled.get(before)) == Some("for")
        {
            spelled.remove(before);
        }
        spelled.push(token.clone());
    }
    spelled
}

fn is_space(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

/// `FROM VALUES … AS t UNPIVOT …` is `FROM (SELECT * FROM VALUES … AS t) UNPIVOT …`: the parser bends queries, not lists of rows.
fn enclosed(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    // the open lists of rows, by how many parentheses are around them
    let mut lists: Vec<(usize, usize)> = Vec::new();
    let (mut depth, mut at, mut previous) = (0_usize, 0, String::new());
    while at < tokens.len() {
        let current = word(tokens.get(at)).unwrap_or_default().to_owned();
        match &tokens[at].token {
            Token::Whitespace(_) => {
                at += 1;
                continue;
            }
            Token::LParen => depth += 1,
            Token::RParen => {
                lists.retain(|(outer, _)| *outer < depth);
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        match current.as_str() {
            "values" if previous == "from" => lists.push((depth, at)),
            "join" | "where" | "select" | "group" | "order" | "limit" | "union" => {
                lists.retain(|(outer, _)| *outer < depth);
            }
            "pivot" | "unpivot" => {
                if let Some(place) = lists.iter().position(|(outer, _)| *outer == depth) {
                    let (_, start) = lists.remove(place);
                    let span = tokens[start].span;
                    tokens.insert(at, made(Token::RParen, tokens[at].span));
                    let head = [
                        Token::LParen,
                        Token::make_keyword("select"),
                        Token::Mul,
                        Token::make_keyword("from"),
                    ];
                    let count = head.len();
                    tokens.splice(start..start, head.into_iter().map(|token| made(token, span)));
                    at += count + 1;
                }
            }
            _ => {}
        }
        previous = current;
        at += 1;
    }
    tokens
}
