//! From a checked manifest to what is sent: the plan, what each host is told of it, who has a turn with whom; and what
//! `hep` shows of a manifest in place of a run.

pub(crate) mod batches;
pub(crate) mod compile;
mod facts;
pub(crate) mod listing;
mod reads;
#[cfg(test)]
mod tests;
