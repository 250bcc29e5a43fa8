//! Text of hosts and bundles for a terminal.

pub(super) use hep_protocol::text::{shown, shown_diff};

/// A message that holds text of unknown origin is cut here, in characters.
const SHORT: usize = 400;

/// The beginning of a text, made harmless: one line for a message.
pub(super) fn shown_short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => shown(text.get(..end).unwrap_or_default()) + "...",
        None => shown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown_short(&"x".repeat(SHORT)).len(), SHORT);
        assert_eq!(shown_short(&"x".repeat(SHORT + 1)).len(), SHORT + 3);
    }
}
