//! A local script that runs on the host.

use super::TOGETHER;
use crate::module::Input;
use crate::sys::SysError;
use crate::sys::files::Content;
use hep_protocol::action::programs::Script;
use hep_protocol::blob::Source;
use hep_protocol::task::command::Command;

/// The script that the parameters name, with what the shell reads around its path.
pub(super) fn of(params: &Command, input: &Input<'_>) -> Result<Option<Script>, SysError> {
    let Some(written) = &params.script else { return Ok(None) };
    let file = match input.task.source(written) {
        Some(Source::File(file)) => file,
        Some(Source::Tree { .. }) => {
            return Err(SysError::new(format!("`{written}` is a directory, and no script"))
                .hint("name a file in `script`"));
        }
        None => {
            return Err(SysError::new(format!("the plan came without `{written}`"))
                .hint("put that file where the others of this `script` are, and push again"));
        }
    };
    let start = if params.terminal { TOGETHER } else { "" };
    let program = params.executable.as_ref().map(|program| format!("{program} "));
    let before = format!("{start}{}", program.unwrap_or_default());
    let after = params.arguments.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
    Ok(Some(Script {
        name: file.name.clone(),
        content: Content { digest: file.digest, size: file.size, inline: None },
        around: (before, after),
    }))
}
