//! The module `slurp`: the content of a file, for later tasks.

use super::{Input, Module, Plan};
use crate::sys::files::FileKind;
use crate::sys::{Observe, Subject, SysError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hep_protocol::task::slurp::Slurp;
use serde_json::{Map, json};

/// The largest file that is read, in bytes: results are kept in memory.
const LIMIT: u64 = 8 * 1024 * 1024;

impl Module for Slurp {
    type State = Vec<u8>;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<Vec<u8>, SysError> {
        let src = &self.src;
        let Some(at) = host.resolve(src)? else {
            return Err(match host.depends(Subject::Path(src)) {
                Some(cause) => SysError::unknown(cause.to_string()),
                None => SysError::new(format!("File not found: {src}")),
            });
        };
        if let Some(cause) = host.depends(Subject::There(&at)) {
            return Err(SysError::unknown(cause.to_string()));
        }
        match host.lstat(&at)?.map(|meta| meta.kind) {
            Some(FileKind::File) => {}
            Some(FileKind::Directory) => {
                let error = format!("Source is a directory and must be a file: {src}");
                return Err(SysError::new(error));
            }
            Some(kind @ (FileKind::Link | FileKind::Special)) => {
                return Err(SysError::new(format!("{src} is a {kind}, not a file")));
            }
            None => return Err(SysError::new(format!("File not found: {src}"))),
        }
        let too_large = || {
            let error = SysError::new(format!("{src} has more than {LIMIT} bytes"));
            error.hint("read the part that you need with `command`")
        };
        host.read(&at, LIMIT)?.ok_or_else(too_large)
    }

    fn plan(&self, _input: &Input<'_>, content: &Vec<u8>) -> Result<Plan, SysError> {
        let data = [
            ("content", json!(STANDARD.encode(content))),
            ("encoding", json!("base64")),
            ("source", json!(self.src)),
        ];
        let data: Map<_, _> =
            data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Plan { data, ..Plan::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::{settles, tried};
    use crate::sys::Cause;
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;

    #[test]
    fn content_is_told_in_base64() {
        let mut host = Overlay::new(Empty);
        tried("file", &json!({"dest": "/f", "content": "a b\n"}), &mut host);
        tried("file", &json!({"action": "link", "src": "/f", "dest": "/l"}), &mut host);
        let (lines, data) = tried("slurp", &json!({"src": "/l"}), &mut host);
        let expected = json!({"content": "YSBiCg==", "encoding": "base64", "source": "/l"});
        assert_eq!((lines.as_str(), json!(data)), ("", expected));
    }

    #[test]
    fn what_cannot_be_read_fails() {
        let mut host = Overlay::new(Empty);
        let missing = json!({"src": "/nothing"});
        settles("slurp", &missing, &mut host, "failed: File not found: /nothing");
        let directory = "failed: Source is a directory and must be a file: /";
        settles("slurp", &json!({"src": "/"}), &mut host, directory);
        host.set_cause(Cause::Command("make".to_owned()));
        settles("slurp", &missing, &mut host, "failed: depends on command `make`");
    }
}
