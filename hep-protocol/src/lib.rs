//! Everything hep's controller and agent must agree on.
//!
//! Values that cannot be wrong once made, the parameters of every module, the plan, and the frames that
//! carry them. This crate touches no file, socket, clock or process: it reads and writes only what it is handed.

pub mod about;
pub mod action;
pub mod blob;
mod bytes;
pub mod calendar;
pub mod decode;
pub mod dialect;
pub mod expression;
pub mod facts;
pub mod frame;
pub mod hello;
pub mod message;
pub mod names;
pub mod outcome;
pub mod plan;
pub mod redact;
pub mod report;
pub mod rights;
pub mod task;
pub mod text;
pub mod truth;
pub mod upload;
pub mod value;
pub mod words;
