//! A few lines of what a host said in the place of something else: it may have said very much.

/// How many lines are shown, and how many characters of each.
const LINES: usize = 5;
const WIDTH: usize = 160;

/// The first lines.
pub(crate) fn first_lines(text: &str) -> String {
    let mut lines = lines(text);
    let first: Vec<String> = lines.by_ref().take(LINES).map(short).collect();
    let more = if lines.next().is_some() { " ..." } else { "" };
    first.join("\n") + more
}

/// The last lines.
pub(crate) fn last_lines(text: &str) -> String {
    let surplus = lines(text).count().saturating_sub(LINES);
    let last: Vec<String> = lines(text).skip(surplus).map(short).collect();
    let more = if surplus > 0 { "... " } else { "" };
    more.to_owned() + &last.join("\n")
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty())
}

fn short(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_lines_are_shown_of_many() {
        assert_eq!(first_lines("\n a\r\n\nb\n"), " a\nb");
        assert_eq!(first_lines("1\n2\n3\n4\n5\n6\n"), "1\n2\n3\n4\n5 ...");
        assert_eq!(last_lines("1\n2\n3\n4\n5\n6\n"), "... 2\n3\n4\n5\n6");
        assert_eq!(last_lines("1\n"), "1");
        let long = "\u{fc}".repeat(WIDTH + 1);
        assert_eq!(first_lines(&long), format!("{}...", "\u{fc}".repeat(WIDTH)));
    }
}
