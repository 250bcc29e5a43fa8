//! From the text of a manifest and of the files that it includes to its tree: forms, keys and values. Evaluates nothing, and
//! knows no hosts; a mistake has its place and does not end the reading.

pub(crate) mod ansible;
mod batching;
mod control;
mod entry;
pub(crate) mod foreign;
mod include;
pub(crate) mod keys;
pub(crate) mod module;
pub(crate) mod parameter;
mod parse;
mod rights;
mod task;
pub(crate) mod values;

use crate::ast::Manifest;
use crate::diagnostic::Diagnostics;
use crate::source::Source;
use std::path::Path;
use std::sync::Arc;

impl Manifest {
    /// Reads and checks a manifest and what it includes.
    ///
    /// # Errors
    /// The file is no text that can be read.
    pub(crate) fn read(path: &Path) -> Result<Manifest, Diagnostics> {
        Ok(Manifest::parse(&Source::read(path)?))
    }

    /// Checks a manifest's text and what it includes; `compile` tells the mistakes, together with its own.
    pub(crate) fn parse(source: &Arc<Source>) -> Manifest {
        parse::parse(source)
    }
}
