//! Rust source as a flat list of tokens, so that rules see names and not the comments and strings that mention them.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

/// A name, a punctuation character, a literal or one bracket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// From 1.
    pub(super) line: usize,
}

/// The tokens of a file without its tests: those may print, and their fakes implement everything.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, LexError> {
    let mut flat = Vec::new();
    flatten(text.parse()?, &mut flat);
    Ok(without_tests(flat))
}

fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match &tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                flat.push(Token { text: open.to_owned(), line });
                flatten(group.stream(), flat);
                flat.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {
                flat.push(Token { text: tree.to_string(), line });
            }
        }
    }
}

/// Whether the tokens begin with these texts.
pub(super) fn starts(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// Takes out every item after `#[cfg(test)]`.
fn without_tests(flat: Vec<Token>) -> Vec<Token> {
    const OPENING: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut rest = flat.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if starts(rest, &OPENING) {
            rest = after_item(rest.get(OPENING.len()..).unwrap_or_default());
        } else {
            kept.push(first.clone());
            rest = after;
        }
    }
    kept
}

/// What follows an item: it ends at its semicolon or its closing brace.
pub(super) fn after_item(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && ["}", ";"].contains(&token.text.as_str()) {
            return tokens.get(index + 1..).unwrap_or_default();
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let texts: Vec<_> = tokens(text).unwrap().into_iter().map(|token| token.text).collect();
        assert_eq!(texts.join(" "), expected);
    }

    #[test]
    fn comments_are_no_code_and_strings_stay_whole() {
        check("// ssh2::Session\nfn f() { g(\"ssh2 {\") }", r#"fn f ( ) { g ( "ssh2 {" ) }"#);
    }

    #[test]
    fn tests_are_left_out() {
        check(
            "fn f() {}\n#[cfg(test)]\nmod tests { fn g() { {} } }\nfn h();\n#[cfg(test)] use a::{b, c};\nfn i();",
            "fn f ( ) { } fn h ( ) ; ; fn i ( ) ;",
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        let found = tokens("a\n\nb").unwrap();
        assert_eq!(found.iter().map(|token| token.line).collect::<Vec<_>>(), [1, 3]);
    }
}
