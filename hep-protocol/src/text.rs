//! Text of unknown origin, made harmless for a terminal.

use std::fmt::Write as _;

/// The text with everything that a terminal would obey written as `\u{..}`; newlines too.
///
/// Those are control characters, and the marks that reorder or hide text (Unicode technical report 36, 2.5).
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text of JSON with everything that a terminal would obey written as `\uXXXX`, which JSON reads as the same. Line breaks
/// stay: JSON has none within a string.
#[must_use]
pub fn shown_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_obeyed(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The lines of a unified diff, made harmless. In lines that differ a blank at the end, a carriage return most of all, is
/// written as `\u{..}`: it may be all that differs.
pub fn shown_diff(diff: &str) -> impl Iterator<Item = String> {
    diff.split_terminator('\n').map(|line| {
        let differs = line.starts_with(['-', '+']) && line.len() > 1;
        match line.chars().next_back().filter(|last| differs && last.is_whitespace()) {
            None => shown(line.trim_end_matches('\r')),
            Some(last) => {
                let before = line.get(..line.len().saturating_sub(last.len_utf8()));
                format!("{}{}", shown(before.unwrap_or_default()), last.escape_unicode())
            }
        }
    })
}

/// Whether a terminal does something at this character, or shows nothing for it. A tab only moves on.
#[must_use]
pub fn is_obeyed(c: char) -> bool {
    let hides_or_reorders = matches!(
        c,
        '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    (c.is_control() && c != '\t') || hides_or_reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_a_line_that_differs_is_visible() {
        let check = |diff: &str, expected: &[&str]| {
            assert_eq!(shown_diff(diff).collect::<Vec<_>>(), expected, "{diff:?}");
        };
        check("-a\r\n+a\n b\r\n", &["-a\\u{d}", "+a", " b"]);
        check("-a\n+a \n", &["-a", "+a\\u{20}"]);
        check("-a  \n+a\t\n", &["-a \\u{20}", "+a\\u{9}"]);
        check("-a\n+a\u{a0}\n", &["-a", "+a\\u{a0}"]);
        check("-a\r\r\n+a\r\n", &["-a\\u{d}\\u{d}", "+a\\u{d}"]);
        check("-\n+\r\n+\n", &["-", "+\\u{d}", "+"]);
        check("+\u{1b}[2J x\n", &["+\\u{1b}[2J x"]);
        check("-a\n\\ No newline at end of file\n", &["-a", "\\ No newline at end of file"]);
    }

    #[test]
    fn nothing_is_left_for_a_terminal_to_obey() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected);
        check("plain \t\u{e9}", "plain \t\u{e9}");
        check("\u{1b}[2J\nx", "\\u{1b}[2J\\u{a}x");
        check("a\u{202e}b\u{200b}\u{feff}\u{9b}", "a\\u{202e}b\\u{200b}\\u{feff}\\u{9b}");
    }

    #[test]
    fn json_means_the_same_and_is_harmless() {
        let check = |text: &str, expected: &str| {
            let json = serde_json::to_string(text).unwrap();
            let shown = shown_json(&json);
            assert_eq!(shown, expected);
            assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        };
        check("plain \u{e9}", "\"plain \u{e9}\"");
        check("\u{9b}31m\u{202e}\u{7f}", r#""\u009b31m\u202e\u007f""#);
        check("\u{e0041}", r#""\udb40\udc41""#);
        check("a\nb", r#""a\nb""#);
        assert_eq!(shown_json("{\n  \"a\": 1\n}\n"), "{\n  \"a\": 1\n}\n");
    }
}
