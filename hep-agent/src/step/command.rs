//! What hep does by programs that the operator names.

use super::Effect;
use crate::sys::commands::Invocation;
use crate::sys::{Host, SysError};
use hep_protocol::outcome::Exit;
use std::fmt;

/// One program run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommandStep {
    /// What is run.
    pub(crate) invocation: Invocation,
}

impl CommandStep {
    pub(super) fn execute(&self, host: &mut dyn Host) -> Result<Effect, SysError> {
        let Some(end) = host.run(&self.invocation)? else { return Ok(Effect::WouldRun) };
        match end.exit {
            Some(Exit::Code(0)) => Ok(Effect::Ran(end)),
            Some(exit) => {
                let error =
                    SysError::new(format!("`{}`: {exit}", self.invocation.words)).process(end);
                Err(match self.advice(exit) {
                    Some(advice) => error.hint(advice),
                    None => error,
                })
            }
            None => Err(SysError::new(format!(
                "`{}`: how it ended is not known",
                self.invocation.words
            ))
            .process(end)),
        }
    }

    /// What a shell means by its own exit codes (POSIX, Shell Command Language 2.8.2).
    fn advice(&self, exit: Exit) -> Option<&'static str> {
        let shell = self.invocation.argv.program() == "/bin/sh";
        match exit {
            Exit::Code(127) if shell => {
                Some("the shell found no such program; write its path, or extend `PATH` in `env`")
            }
            Exit::Code(126) if shell => Some("the shell found the program and may not execute it"),
            Exit::Code(_) | Exit::Signal(_) => None,
        }
    }
}

impl fmt::Display for CommandStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.invocation.words)
    }
}
