//! Filters that give a text in another form, in which nobody sees any more what it had in place of bytes that are not
//! UTF-8. They say so here.

use std::cell::Cell;

thread_local! {
    static ENCODED: Cell<bool> = const { Cell::new(false) };
}

/// Remembers whether a text that is given another form has U+FFFD.
pub(super) fn encoding(text: &str) -> &str {
    if text.contains(char::REPLACEMENT_CHARACTER) {
        ENCODED.set(true);
    }
    text
}

/// Whether any evaluation of this thread has encoded U+FFFD since this was last asked.
#[must_use]
pub fn has_encoded_replacement() -> bool {
    ENCODED.take()
}
