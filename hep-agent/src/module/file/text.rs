//! Text files of the host that several modules read, and those that they write: bytes as a text that patterns can read, and
//! back. What is not UTF-8 stays as it is.

use super::super::{Input, Module};
use super::{State, look_with};
use crate::planned::Planned;
use crate::sys::{Observe, SysError};
use hep_protocol::task::file::File;
use hep_protocol::value::AbsPath;
use serde_json::Value;

/// The largest such file, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;

/// The text of a file, links followed; empty if there is none.
pub(in crate::module) fn text_of(path: &str, host: &dyn Observe) -> Result<String, SysError> {
    Ok(found_text(path, host)?.unwrap_or_default())
}

/// The text of a file, links followed; `None` if there is none.
pub(in crate::module) fn found_text(
    path: &str,
    host: &dyn Observe,
) -> Result<Option<String>, SysError> {
    let path: AbsPath = path.parse().map_err(|e| SysError::new(format!("{path}: {e}")))?;
    let Some(at) = host.resolve(&path)? else { return Ok(None) };
    let too_large = || SysError::new(format!("{path} has more than {LIMIT} bytes"));
    let bytes = host.read(&at, LIMIT)?.ok_or_else(too_large)?;
    Ok(Some(Text::of(&bytes).shown))
}

/// The value of a key, where lines are keys and values with this or a tab between; the last one counts.
pub(in crate::module) fn value_of<'t>(text: &'t str, key: &str, between: char) -> Option<&'t str> {
    let value = |line: &'t str| {
        let (name, value) = line.trim().split_once([between, '\t'])?;
        (name == key).then(|| value.trim())
    };
    text.lines().filter_map(value).next_back()
}

/// A part of a task that is done as `file` does it, with owners, links and diffs.
pub(crate) struct Part(File, State);

impl Part {
    /// Looks what there is; `params` are those of `file`.
    pub(in crate::module) fn look(
        mut params: Value,
        input: &Input<'_>,
        host: &dyn Observe,
    ) -> Result<Self, SysError> {
        let content = params.as_object_mut().and_then(|params| params.remove("content"));
        match content.as_ref().and_then(Value::as_str) {
            Some(content) => Self::with(file(params)?, &bytes(content), input, host),
            None => {
                let params = file(params)?;
                let state = params.inspect(input, host)?;
                Ok(Self(params, state))
            }
        }
    }

    /// The same for a content of its own.
    pub(in crate::module) fn with(
        params: File,
        content: &[u8],
        input: &Input<'_>,
        host: &dyn Observe,
    ) -> Result<Self, SysError> {
        let state = look_with(&params, content, input, host)?;
        Ok(Self(params, state))
    }

    /// What is to be done.
    pub(in crate::module) fn steps(&self, input: &Input<'_>) -> Result<Vec<Planned>, SysError> {
        Ok(self.0.plan(input, &self.1)?.steps)
    }
}

/// What `file` is asked for.
pub(in crate::module) fn file(params: Value) -> Result<File, SysError> {
    let wrong = |error| SysError::new(format!("wrong parameters of a file: {error}"));
    serde_json::from_value(params).map_err(wrong)
}

/// Bytes that are not UTF-8 are shown as the characters from here on: the end of the last plane of private use, which
/// nobody writes.
const STRAY: u32 = 0x10_FF00;

/// A file's text.
#[derive(Debug, Default)]
pub(in crate::module) struct Text {
    pub(in crate::module) shown: String,
    /// Whether some of it is not UTF-8.
    is_mixed: bool,
}

impl Text {
    pub(in crate::module) fn of(bytes: &[u8]) -> Self {
        let mut text = Self::default();
        for chunk in bytes.utf8_chunks() {
            text.shown.push_str(chunk.valid());
            text.is_mixed |= !chunk.invalid().is_empty();
            let stray = |byte: &u8| char::from_u32(STRAY + u32::from(*byte));
            text.shown.extend(chunk.invalid().iter().filter_map(stray));
        }
        text
    }

    /// The bytes of a text that was made from this one.
    pub(in crate::module) fn bytes(&self, new: &str) -> Vec<u8> {
        if self.is_mixed { bytes(new) } else { new.as_bytes().to_vec() }
    }
}

/// The bytes that a text is shown for.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(STRAY).map(u8::try_from) {
            Some(Ok(byte)) if byte >= 0x80 => bytes.push(byte),
            Some(_) | None => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        for bytes in [&b"plain\n"[..], "é\u{10ffff}".as_bytes(), b"caf\xe9 \xff\x80\n", b"\xe2\x82"]
        {
            let text = Text::of(bytes);
            assert_eq!(text.bytes(&text.shown), bytes, "{:?}", text.shown);
        }
        assert_eq!(
            Text::of(b"\xe9 a").bytes(&Text::of(b"\xe9 a").shown.replace('a', "é")),
            b"\xe9 \xc3\xa9"
        );
    }
}
