//! What a terminal shows of the bytes that hep writes: text, colours, and a line that is drawn over. Anything else is refused:
//! hep has no business to send it.

/// The width of the terminal.
pub(super) const COLUMNS: usize = 100;

/// A character with its parameters of Select Graphic Rendition (ECMA-48, 8.3.117).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) character: char,
    pub(super) style: String,
}

/// The lines that are there in the end.
pub(super) fn lines(text: &str) -> Result<Vec<Vec<Cell>>, String> {
    let mut lines: Vec<Vec<Cell>> = vec![Vec::new()];
    let (mut column, mut style) = (0, String::new());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let Some(line) = lines.last_mut() else { break };
        match character {
            '\n' => {
                lines.push(Vec::new());
                column = 0;
            }
            '\r' => column = 0,
            '\u{1b}' => match sequence(&mut rest).as_deref() {
                Some("[K") => line.truncate(column),
                Some("[0m") => style.clear(),
                Some(other) if other.ends_with('m') => {
                    style = other.trim_matches(['[', 'm']).to_owned();
                }
                other => return Err(format!("an escape that is not hep's: {other:?}")),
            },
            character if character.is_control() => {
                return Err(format!("a control character that is not hep's: {character:?}"));
            }
            character => {
                if column == COLUMNS {
                    lines.push(Vec::new());
                    column = 0;
                }
                let Some(line) = lines.last_mut() else { break };
                let cell = Cell { character, style: style.clone() };
                match line.get_mut(column) {
                    Some(slot) => *slot = cell,
                    None => line.push(cell),
                }
                column += 1;
            }
        }
    }
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    Ok(lines)
}

/// The rest of a control sequence.
fn sequence(rest: &mut std::str::Chars<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        let character = rest.next()?;
        text.push(character);
        if character.is_ascii_alphabetic() {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn check(text: &str, expected: &str) {
        let lines = lines(text).unwrap();
        let shown: Vec<String> =
            lines.iter().map(|line| line.iter().map(|cell| cell.character).collect()).collect();
        assert_eq!(shown.join("|"), expected);
    }

    #[test]
    fn what_is_drawn_over_is_gone() {
        check("busy\r\u{1b}[Kdone\r\nnext\r\n", "done|next");
        check("longer\rab\u{1b}[K", "ab");
        check(&"x".repeat(COLUMNS + 1), &format!("{}|x", "x".repeat(COLUMNS)));
    }

    #[test]
    fn escapes_that_are_not_heps_are_refused() {
        assert!(lines("\u{1b}[2J").is_err());
        assert!(lines("\u{7}").is_err());
    }
}
