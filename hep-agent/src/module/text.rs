//! Text files of the host that several modules read, and those that they write.

use super::file;
use super::{Input, Module};
use crate::planned::Planned;
use crate::sys::{Observe, SysError};
use hep_protocol::task::file::File;
use hep_protocol::value::AbsPath;
use serde_json::Value;

/// The largest such file, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;

/// The text of a file, links followed; empty if there is none.
pub(super) fn text_of(path: &str, host: &dyn Observe) -> Result<String, SysError> {
    Ok(found_text(path, host)?.unwrap_or_default())
}

/// The text of a file, links followed; `None` if there is none.
pub(super) fn found_text(path: &str, host: &dyn Observe) -> Result<Option<String>, SysError> {
    let path: AbsPath = path.parse().map_err(|e| SysError::new(format!("{path}: {e}")))?;
    let Some(at) = host.resolve(&path)? else { return Ok(None) };
    let too_large = || SysError::new(format!("{path} has more than {LIMIT} bytes"));
    let bytes = host.read(&at, LIMIT)?.ok_or_else(too_large)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The value of a key, where lines are keys and values with this or a tab between; the last one counts.
pub(super) fn value_of<'t>(text: &'t str, key: &str, between: char) -> Option<&'t str> {
    let value = |line: &'t str| {
        let (name, value) = line.trim().split_once([between, '\t'])?;
        (name == key).then(|| value.trim())
    };
    text.lines().filter_map(value).next_back()
}

/// A part of a task that is done as `file` does it, with owners, links and diffs.
pub(crate) struct Part(File, file::State);

impl Part {
    /// Looks what there is; `params` are those of `file`.
    pub(super) fn look(
        params: Value,
        input: &Input<'_>,
        host: &dyn Observe,
    ) -> Result<Self, SysError> {
        let wrong = |error| SysError::new(format!("wrong parameters of a file: {error}"));
        let params: File = serde_json::from_value(params).map_err(wrong)?;
        let state = params.inspect(input, host)?;
        Ok(Self(params, state))
    }

    /// What is to be done.
    pub(super) fn steps(&self, input: &Input<'_>) -> Result<Vec<Planned>, SysError> {
        Ok(self.0.plan(input, &self.1)?.steps)
    }
}
