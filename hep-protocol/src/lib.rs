//! Everything both sides agree on.
