//! `ChangeCommands` on the real host.

use super::Linux;
use super::process::{Capture, Program};
use crate::sys::commands::{ChangeCommands, Invocation};
use crate::sys::{ProcessEnd, SysError};

impl ChangeCommands for Linux {
    fn run(&mut self, invocation: &Invocation) -> Result<ProcessEnd, SysError> {
        let Invocation { words, argv, chdir, env, stdin, timeout } = invocation;
        let mut pass_on = |stream, data: &[u8]| self.output(stream, data);
        let program = Program {
            name: Some(words),
            argv: argv.parts(),
            env: env.clone(),
            directory: chdir.as_str(),
            stdin,
            timeout: *timeout,
            capture: Capture::Stream(&mut pass_on),
        };
        program.run()
    }
}
