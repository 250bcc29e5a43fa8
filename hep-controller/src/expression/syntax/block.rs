//! `{% %}` that does not fit together: unknown words, ends without a beginning, beginnings without an end.

use super::{Failure, Token, Word, Words, nearest, shorten};
use crate::expression::Problem;

/// The words that begin a block with an end, and that end.
const ENDS: [(&str, &str); 8] = [
    ("autoescape", "endautoescape"),
    ("call", "endcall"),
    ("filter", "endfilter"),
    ("for", "endfor"),
    ("if", "endif"),
    ("macro", "endmacro"),
    ("raw", "endraw"),
    ("with", "endwith"),
];

/// The others: those without an end of their own, and those inside of blocks.
const OTHERS: [&str; 5] = ["do", "elif", "else", "set", "endset"];

/// Jinja's words that reach for other files.
const FILES: [&str; 6] = ["include", "import", "from", "extends", "block", "endblock"];

/// The problem, if it is one of blocks.
pub(super) fn explain(failure: &Failure<'_>) -> Option<Problem> {
    let unknown = failure.detail.strip_prefix("unknown statement ");
    match (unknown, failure.word()) {
        (None, Some(Word { token: Token::Ident("if"), range })) => {
            let [Word { token: Token::Ident("else"), range: first }] = failure.before() else {
                return None;
            };
            let problem = Problem::new(first.start..range.end, "there is no `else if`");
            Some(problem.hint("write `elif`"))
        }
        (Some(name), Some(word)) => Some(strange(failure, word, name)),
        (None, None) if failure.opener.is_none() || ended(failure) => never_ended(failure),
        _ => None,
    }
}

/// Whether the last block is complete: the text ended, not the expression.
fn ended(failure: &Failure<'_>) -> bool {
    failure.words.last().is_some_and(|word| matches!(word.token, Token::BlockEnd))
}

/// The blocks that are open before the place, outermost first.
fn open<'f>(failure: &'f Failure<'_>) -> Vec<(&'f Word<'f>, &'static str, &'static str)> {
    let before = failure.words.get(..failure.at).unwrap_or_default();
    let mut open = Vec::new();
    for (number, word) in before.iter().enumerate() {
        let Token::BlockStart = word.token else { continue };
        let mut rest = before.iter().skip(number.saturating_add(1));
        let Some(Word { token: Token::Ident(name), .. }) = rest.next() else { continue };
        if *name == "set" {
            // `{% set x %}` has an end, `{% set x = 1 %}` has none.
            let mut rest = rest.take_while(|word| !matches!(word.token, Token::BlockEnd));
            if !rest.any(|word| matches!(word.token, Token::Assign)) {
                open.push((word, "set", "endset"));
            }
        } else if let Some((begin, end)) = ENDS.iter().find(|(begin, _)| begin == name) {
            open.push((word, begin, end));
        } else if name.starts_with("end") && open.last().is_some_and(|(_, _, end)| end == name) {
            open.pop();
        }
    }
    open
}

fn never_ended(failure: &Failure<'_>) -> Option<Problem> {
    let (word, begin, end) = open(failure).pop()?;
    let message = format!("this `{{% {begin} %}}` is never ended");
    Some(Problem::new(word.range.clone(), message).hint(format!("write `{{% {end} %}}`")))
}

/// The first word that reaches for another file.
pub(in crate::expression) fn reaches_for_files<'w, 't>(
    words: &'w Words<'t>,
) -> Option<(&'w Word<'t>, &'t str)> {
    words.all.windows(2).find_map(|pair| match pair {
        [Word { token: Token::BlockStart, .. }, word @ Word { token: Token::Ident(name), .. }]
            if FILES.contains(name) =>
        {
            Some((word, *name))
        }
        _ => None,
    })
}

pub(in crate::expression) fn of_files(word: &Word<'_>, name: &str) -> Problem {
    Problem::new(word.range.clone(), format!("hep's templates have no `{name}`"))
        .hint("a template stands alone; write its parts as macros, or as templates of their own")
}

fn strange(failure: &Failure<'_>, word: &Word<'_>, name: &str) -> Problem {
    let refuse = |message: String| Problem::new(word.range.clone(), message);
    let innermost = open(failure).pop();
    let is_end = name == "endset" || ENDS.iter().any(|(_, end)| *end == name);
    if let (true, Some((_, begin, end))) = (is_end || name == "end", innermost) {
        let message = format!("`{name}` cannot end this `{begin}`");
        return refuse(message).hint(format!("write `{{% {end} %}}` first"));
    }
    if is_end || matches!(name, "else" | "elif") {
        let wanted = if is_end { name.trim_start_matches("end") } else { "if" };
        let message = format!("there is no `{wanted}` that this `{name}` could belong to");
        return refuse(message)
            .hint(format!("write `{{% {wanted} .. %}}` before it, or remove it"));
    }
    if FILES.contains(&name) {
        return of_files(word, name);
    }
    if matches!(name, "break" | "continue") {
        return refuse(format!("hep's templates have no `{name}`"))
            .hint("give the loop a condition: `{% for x in xs if CONDITION %}`");
    }
    let message = format!("there is no statement `{}`", shorten(name));
    if matches!(name, "elseif" | "elsif") {
        return refuse(message).hint("write `elif`");
    }
    let known = ENDS.iter().flat_map(|(begin, end)| [*begin, *end]).chain(OTHERS);
    match nearest(name, known) {
        Some(near) => refuse(message).hint(format!("did you mean `{near}`?")),
        None if name.starts_with("for") || matches!(name, "each" | "loop") => {
            refuse(message).hint("write `{% for NAME in LIST %}`")
        }
        None => refuse(message).hint("a value is written `{{ name }}`"),
    }
}
