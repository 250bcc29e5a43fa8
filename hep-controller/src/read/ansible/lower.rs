//! From a call of an Ansible module to hep's module and its parameters. A pure function: values keep their places, expressions
//! stay as they are, and whatever differs in meaning is said in parameters. The only place that knows the names of Ansible's
//! modules.

mod arguments;
mod files;
mod line;
mod modules;
mod packages;
mod programs;
mod services;
mod system;
mod table;
#[cfg(test)]
mod tests;
mod words;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Source;
use crate::yaml::{Key, Node};
use arguments::Arguments;
use hep_protocol::task::TaskSpec;
use std::sync::Arc;

/// A call as it stands in a playbook.
pub(crate) struct Call<'c> {
    pub(crate) source: &'c Arc<Source>,
    /// The module as written, with or without its collection.
    pub(crate) module: &'c Key,
    /// What stands below the module: parameters, a line, or nothing.
    pub(crate) value: &'c Node,
    /// The task's `args`, weaker than what stands below the module.
    pub(crate) args: Option<&'c Node>,
    /// Whether Ansible's side is taken of what hep does otherwise on purpose.
    pub(crate) as_ansible: bool,
    /// What `module_defaults` say of the module, weakest first; weaker than `args`.
    pub(crate) defaults: &'c [Node],
}

/// The same for hep.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// hep's module.
    pub(crate) module: &'static str,
    /// Its parameters.
    pub(crate) params: Node,
    /// Conditions that the call implies, before those of the task.
    pub(crate) when: Vec<String>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Why a call is not lowered.
#[derive(Debug)]
pub(crate) enum Unlowered {
    /// Ansible would not take it, either.
    Mistakes(Diagnostics),
    /// hep cannot do what it asks for.
    Refused(Diagnostics),
}

/// Lowers a call.
///
/// # Errors
/// All mistakes; without any, all that hep cannot do.
pub(crate) fn lower(call: &Call<'_>) -> Result<Lowered, Unlowered> {
    let name = short(&call.module.text);
    let Some(row) = modules::row(name) else {
        return Err(Unlowered::Refused(no_module(call).into()));
    };
    if !row.is_known() {
        return Err(Unlowered::Refused(no_module(call).into()));
    }
    let mut arguments = Arguments::of(call, row);
    let lowered = row.lower(&mut arguments);
    arguments.finish(lowered)
}

/// Whether a task's key names a module that hep can lower.
pub(crate) fn is_module(key: &str) -> bool {
    modules::row(short(key)).is_some()
}

/// A module's name without the collections whose short names mean the same module.
pub(crate) fn short(key: &str) -> &str {
    super::super::foreign::qualified(key).unwrap_or(key)
}

fn no_module(call: &Call<'_>) -> Diagnostic {
    let module = &call.module.text;
    let message = format!("hep has no module `{module}` yet");
    Diagnostic::at(call.source, call.module.span, message)
        .hint("leave the task out with tags or `when`, or do the same with `command`")
}

/// Whether hep has a module of its own with this name.
fn is_own(module: &str) -> bool {
    TaskSpec::MODULES.contains(&module)
}
