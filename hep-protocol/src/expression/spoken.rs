//! The dialect of the evaluation that a thread is in. Filters and printing ask it: the engine hands them values alone.

use crate::dialect::Dialect;
use std::cell::Cell;

thread_local! {
    static SPOKEN: Cell<Dialect> = const { Cell::new(Dialect::Hep) };
}

/// An evaluation goes on for as long as this lives. Those of variables within it are in the same dialect.
pub(super) struct Speaking(Dialect);

impl Speaking {
    pub(super) fn of(dialect: Dialect) -> Self {
        Self(SPOKEN.replace(dialect))
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        SPOKEN.set(self.0);
    }
}

/// The dialect of the evaluation that is going on.
pub(super) fn spoken() -> Dialect {
    SPOKEN.get()
}
