//! hep against real hosts: what it did is asserted with `stat`, `dpkg-query`, `systemctl` and the like, never with hep itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may panic, and these helpers are tests"
)]

mod language;
mod operator;
mod terminal;
mod visits;

mod accounts;
mod apt;
mod attributes;
mod batches;
mod become_user;
mod check;
mod contents;
mod edits;
mod facts;
mod fleet;
mod foreseen;
mod handlers;
mod host_keys;
mod links;
mod loops;
mod own;
mod push;
mod replace;
mod results;
mod rights;
mod roles;
mod secrets;
mod service;
mod settings;
mod step;
mod templates;
mod transport;
mod upload;
mod variables;
