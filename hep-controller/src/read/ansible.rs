//! From the text of a playbook to the tree that hep's own reader gives.

#[allow(dead_code, reason = "the reader of playbooks will call it")]
pub(crate) mod lower;
