//! Nearest names and lists of them, for hints.

/// The name among `known` that a misspelt word most likely meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A hostile key may be megabytes long; no name of ours is.
    let short: String = word.chars().take(64).collect();
    let folded = short.to_lowercase().replace(['-', ' '], "_");
    let known: Vec<&str> = known.into_iter().collect();
    let cut_off = known.iter().copied().find(|name| word.len() > 2 && name.starts_with(&folded));
    let misspelt = known
        .into_iter()
        .map(|name| (strsim::osa_distance(&folded, &name.to_lowercase().replace('-', "_")), name))
        .filter(|(distance, name)| *distance <= allowed(word, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name);
    misspelt.or(cut_off)
}

/// Whether one may be a misspelling of the other.
#[must_use]
pub fn similar(word: &str, name: &str) -> bool {
    nearest(word, [name]).is_some()
}

/// A third of the letters may be wrong, and one in short names.
fn allowed(word: &str, name: &str) -> usize {
    let letters = word.chars().count().min(name.chars().count());
    if letters < 3 { letters / 2 } else { (letters / 3).clamp(1, 3) }
}

/// `a`, `b` or `c`, each in backticks.
#[must_use]
pub fn alternatives(words: &[&str]) -> String {
    joined(words, "or")
}

/// `a`, `b` and `c`, each in backticks.
#[must_use]
pub fn all_of(words: &[&str]) -> String {
    joined(words, "and")
}

fn joined(words: &[&str], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} {conjunction} `{last}`", first.join(", "))
        }
    }
}

/// At most a line's worth of a text that somebody else wrote.
#[must_use]
pub fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    if short.len() < text.trim_end().len() { format!("{short}...") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expected: Option<&str>) {
        let known = ["owner", "group", "mode", "dest", "update_cache", "file", "apt"];
        assert_eq!(nearest(word, known), expected, "{word}");
    }

    #[test]
    fn misspelt_names_are_recognised() {
        check("onwer", Some("owner"));
        check("Owner", Some("owner"));
        check("update-cache", Some("update_cache"));
        check("desk", Some("dest"));
        check("atp", Some("apt"));
        check("fiel", Some("file"));
        check("update", Some("update_cache"));
    }

    #[test]
    fn other_words_are_not_guessed_at() {
        for word in ["", "x", "become", "recipe", "user"] {
            check(word, None);
        }
    }
}
