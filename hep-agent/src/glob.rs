//! Patterns of names: fnmatch(3) without flags. What they are matched against is their user's to say.

/// Whether a text matches a pattern of `*`, `?` and `[...]`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.chars().collect::<Vec<_>>(), text.chars().collect::<Vec<_>>());
    let (mut p, mut t) = (pattern.as_slice(), text.as_slice());
    // Where to go on after the latest `*` when the rest does not fit: one character of text further.
    let mut retry: Option<(&[char], &[char])> = None;
    loop {
        let fits = match (p, t) {
            (['*', rest @ ..], _) => {
                (p, retry) = (rest, Some((rest, t)));
                continue;
            }
            ([], []) => return true,
            ([], _) | (_, []) => None,
            ([first, ..], [c, text @ ..]) => one(*first, p, *c).map(|pattern| (pattern, text)),
        };
        match (fits, retry) {
            (Some((pattern, text)), _) => (p, t) = (pattern, text),
            (None, Some((pattern, [_, text @ ..]))) => {
                (p, t, retry) = (pattern, text, Some((pattern, text)));
            }
            (None, Some((_, [])) | None) => return false,
        }
    }
}

/// What is left of the pattern after its first element, if that matches the character.
fn one(first: char, pattern: &[char], c: char) -> Option<&[char]> {
    let rest = pattern.get(1..).unwrap_or_default();
    match first {
        '?' => Some(rest),
        '[' => match set(rest, c) {
            Some((true, rest)) => Some(rest),
            Some((false, _)) => None,
            None => (c == '[').then_some(rest),
        },
        literal => (literal == c).then_some(rest),
    }
}

/// Whether a bracket expression holds the character, and what follows it; `None` if it has no end.
fn set(inside: &[char], c: char) -> Option<(bool, &[char])> {
    let (negated, inside) = match inside {
        ['!' | '^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    // A `]` that stands first is a member.
    let end = inside.iter().skip(1).position(|&c| c == ']')? + 1;
    let (mut members, rest) = (inside.get(..end)?, inside.get(end + 1..)?);
    let mut found = false;
    loop {
        members = match members {
            [] => return Some((found != negated, rest)),
            [from, '-', to, rest @ ..] => {
                found |= (*from..=*to).contains(&c);
                rest
            }
            [member, rest @ ..] => {
                found |= *member == c;
                rest
            }
        };
    }
}

/// Whether a text is a pattern, and not only itself.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}
