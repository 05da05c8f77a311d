//! What the parser does not know, spelled out in tokens that it does: `t@v1`, `FOR VERSION AS OF`, `VALUES … UNPIVOT`,
//! `TABLE a.b.c`, `INTERVAL 2 HOURS 30 MINUTES`, `MAX RECURSION LEVEL`.

use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace};

/// The tokens with all of it spelled out. Places stay those of the text.
pub(super) fn out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    enclosed(intervals(unbounded(tables(versions(&tokens)))))
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

/// Words that are made for a statement, with the place of what they stand for.
fn words(text: &str, span: Span) -> impl Iterator<Item = TokenWithSpan> {
    let all: Vec<_> = text
        .split(' ')
        .flat_map(|word| {
            let token = match word {
                "(" => Token::LParen,
                ")" => Token::RParen,
                "+" => Token::Plus,
                "*" => Token::Mul,
                word => Token::make_keyword(word),
            };
            [made(token, span), made(Token::Whitespace(Whitespace::Space), span)]
        })
        .collect();
    all.into_iter()
}

/// A query that is `TABLE t` is `SELECT * FROM t`.
fn tables(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let first = word(tokens.iter().find(|token| !is_space(token))).unwrap_or_default().to_owned();
    for (at, token) in tokens.iter().enumerate() {
        let mut after = tokens[at + 1..].iter().filter(|token| !is_space(token));
        let before = spelled.iter().rev().find(|token| !is_space(token));
        let queries = match word(before) {
            Some("union" | "all" | "except" | "intersect" | "minus") => true,
            Some("as") => first == "create",
            // INSERT INTO t TABLE u; the word behind INTO belongs to the name
            Some("into" | "overwrite") => false,
            _ => before.is_none_or(|token| token.token == Token::LParen) || first == "insert",
        };
        let named = after.next().is_some_and(|token| matches!(token.token, Token::Word(_)));
        if word(Some(token)) == Some("table") && queries && named {
            spelled.extend(words("select * from", token.span));
        } else {
            spelled.push(token.clone());
        }
    }
    spelled
}

/// How deep a recursion goes is bounded by the engine, so `MAX RECURSION LEVEL 200` says nothing.
fn unbounded(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut at = 0;
    while at < tokens.len() {
        let places: Vec<usize> =
            (at..tokens.len()).filter(|place| !is_space(&tokens[*place])).take(4).collect();
        let spelled: Vec<_> = places.iter().take(3).map(|place| word(tokens.get(*place))).collect();
        if spelled == [Some("max"), Some("recursion"), Some("level")]
            && let [first, .., last] = places.as_slice()
        {
            tokens.drain(*first..=*last);
        }
        at += 1;
    }
    tokens
}

/// The units that an amount of time may have.
const UNITS: &[&str] = &[
    "year",
    "years",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "hour",
    "hours",
    "minute",
    "minutes",
    "second",
    "seconds",
    "millisecond",
    "milliseconds",
    "microsecond",
    "microseconds",
];

/// `INTERVAL 2 HOURS 30 MINUTES` is the sum of its parts, and each amount is text: within a window's frame, nothing else
/// will do.
fn intervals(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let (parts, end) = match word(tokens.get(at)) {
            Some("interval") => amounts(&tokens, at + 1),
            _ => (Vec::new(), at),
        };
        if parts.is_empty() {
            spelled.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let span = tokens[at].span;
        let several = parts.len() > 1;
        if several {
            spelled.extend(words("(", span));
        }
        for (place, (amount, unit)) in parts.into_iter().enumerate() {
            spelled.extend(words(if place > 0 { "+ interval" } else { "interval" }, span));
            spelled.push(made(Token::SingleQuotedString(amount), span));
            spelled.push(made(Token::Whitespace(Whitespace::Space), span));
            spelled.push(unit);
        }
        if several {
            spelled.extend(words(")", span).take(1));
        }
        at = end;
    }
    spelled
}

/// The amounts with their units that stand from a place on, and where they end; none unless the first is a number.
fn amounts(tokens: &[TokenWithSpan], from: usize) -> (Vec<(String, TokenWithSpan)>, usize) {
    let mut parts = Vec::new();
    let (mut at, mut end) = (from, from);
    loop {
        let next = |at: &mut usize| {
            while tokens.get(*at).is_some_and(is_space) {
                *at += 1;
            }
            *at += 1;
            tokens.get(*at - 1)
        };
        let mut token = next(&mut at);
        let sign = if token.is_some_and(|token| token.token == Token::Minus) {
            token = next(&mut at);
            "-"
        } else {
            ""
        };
        let amount = match token.map(|token| &token.token) {
            Some(Token::Number(digits, false)) => digits,
            // of several parts, any may be text; what is text alone needs no help
            Some(Token::SingleQuotedString(text)) if text.trim().parse::<f64>().is_ok() => text,
            _ => break,
        };
        let Some(unit) = next(&mut at).filter(|unit| word(Some(unit)).is_some_and(|it| UNITS.contains(&it)))
        else {
            break;
        };
        parts.push((format!("{sign}{amount}"), unit.clone()));
        end = at;
    }
    (parts, end)
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
