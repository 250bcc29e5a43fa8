//! Text of hosts and bundles, made harmless for a terminal.

/// A message that holds text of unknown origin is cut here, in characters.
const SHORT: usize = 400;

/// Text with everything that a terminal would obey written as `\u{..}`: control characters, newlines too, and the marks
/// that reorder or hide text (Unicode technical report 36, 2.5).
pub(super) fn shown(text: &str) -> String {
    let show = |c: char| {
        if is_obeyed(c) { c.escape_unicode().to_string() } else { c.to_string() }
    };
    text.chars().map(show).collect()
}

/// The beginning of such a text: one line for a message.
pub(super) fn shown_short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => shown(text.get(..end).unwrap_or_default()) + "...",
        None => shown(text),
    }
}

fn is_obeyed(c: char) -> bool {
    let hides_or_reorders = matches!(
        c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    (c.is_control() && c != '\t') || hides_or_reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_for_a_terminal_to_obey() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected);
        check("plain \t\u{e9}", "plain \t\u{e9}");
        check("\u{1b}[2J\nx", "\\u{1b}[2J\\u{a}x");
        check("a\u{202e}b\u{200b}\u{feff}\u{9b}", "a\\u{202e}b\\u{200b}\\u{feff}\\u{9b}");
        assert_eq!(shown_short(&"x".repeat(SHORT)).len(), SHORT);
        assert_eq!(shown_short(&"x".repeat(SHORT + 1)).len(), SHORT + 3);
    }
}
