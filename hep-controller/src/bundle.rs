//! A plan with all its contents in one file: the frames that a host would be sent, for `hep-agent apply`, and after
//! them the sha256 of all that, so that damage is found before anything runs. The file appears whole or not at all.

use crate::drive::content::{self, Sent};
use crate::host::LOCALHOST;
use crate::local_files::contents::Contents;
use crate::open;
use crate::source::plain;
use crate::text::chain;
use hep_protocol::blob::{Hasher, Want};
use hep_protocol::message::Request;
use hep_protocol::plan::{HostPart, Plan};
use hep_protocol::value::Json;
use hep_protocol::{frame, hello};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Writes the bundle beside its place and then into it. Only the owner may read it: contents may be secret.
///
/// # Errors
/// What could not be written, and why; nothing is left behind then.
pub(crate) fn write(path: &Path, plan: Plan, contents: &Contents) -> Result<(), String> {
    let temporary = temporary(path)?;
    let failed = |what: String| format!("cannot write `{}`: {what}", path.display());
    open::replaceable(path).map_err(|error| failed(plain(&error)))?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
    let file = file.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            failed(format!("`{}` is in the way", temporary.display()))
        } else {
            failed(error.to_string())
        }
    })?;
    let written = fill(file, plan, contents)
        .and_then(|()| fs::rename(&temporary, path).map_err(|error| error.to_string()));
    if written.is_err() {
        // The message says what failed first; a file that cannot be removed either changes nothing about it.
        drop(fs::remove_file(&temporary));
    }
    written.map_err(failed)
}

/// A name in the same directory that nothing else has.
fn temporary(path: &Path) -> Result<PathBuf, String> {
    let name =
        path.file_name().ok_or_else(|| format!("`{}` is not a file name", path.display()))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}", std::process::id()));
    Ok(path.with_file_name(temporary))
}

fn fill(file: File, plan: Plan, contents: &Contents) -> Result<(), String> {
    let mut writer = Hashing { writer: BufWriter::new(file), hasher: Hasher::default() };
    hello::write(&mut writer).map_err(|error| error.to_string())?;
    for (digest, content) in contents.iter() {
        let mut hasher = Hasher::default();
        let mut put = |request: &Request| {
            if let Request::Blob { data, .. } = request {
                hasher.update(data);
            }
            frame::write(&mut writer, request)
        };
        match content::send(&mut put, contents, &Want { digest: *digest, from: 0 })
            .map_err(|error| chain(&error))?
        {
            // Nobody could replace it later.
            Sent::Whole if hasher.finish() != *digest => {
                let path = content.path.display();
                return Err(format!("`{path}` has changed since the run began"));
            }
            Sent::Whole => {}
            Sent::Unavailable(why) => return Err(format!("`{}`: {why}", content.path.display())),
        }
    }
    frame::write(&mut writer, &Request::Host(part(&plan)?)).map_err(|error| chain(&error))?;
    for request in Request::of_plan(plan) {
        let bytes = frame::encode_packed(&request).map_err(|error| chain(&error))?;
        writer.write_all(&bytes).map_err(|error| error.to_string())?;
    }
    frame::write(&mut writer, &Request::End).map_err(|error| chain(&error))?;
    let Hashing { mut writer, hasher } = writer;
    writer.write_all(hasher.finish().as_bytes()).map_err(|error| error.to_string())?;
    let file = writer.into_inner().map_err(|error| error.to_string())?;
    file.sync_all().map_err(|error| error.to_string())
}

/// The machine that applies a bundle is the host of all its plays.
fn part(plan: &Plan) -> Result<HostPart, String> {
    let plays = plan.plays.iter().map(|play| play.number).collect();
    let vars = Json(serde_json::Map::new().into());
    let mut secrets = crate::secrets::within(&plan.settings)?;
    secrets.extend(crate::secrets::within(&plan.plays)?);
    let secrets = secrets.into_iter().collect();
    Ok(HostPart { name: LOCALHOST.to_owned(), vars, plays, secrets, ..HostPart::default() })
}

/// Hashes what is written.
struct Hashing<W> {
    writer: W,
    hasher: Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.writer.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::blob::Digest;
    use hep_protocol::plan::{DiffMode, RunMode};

    #[test]
    fn a_bundle_is_what_a_host_would_be_sent() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("page");
        fs::write(&source, "hello").unwrap();
        let digest = Digest::of(b"hello");
        let mut contents = Contents::default();
        contents.insert(digest, &source, 5);
        let plan = Plan::of_tasks(RunMode::Check, DiffMode::Off, vec![]);
        let path = directory.path().join("site.hep");
        fs::write(&path, "old").unwrap();
        write(&path, plan.clone(), &contents).unwrap();

        let bytes = fs::read(&path).unwrap();
        let mut reader = bytes.as_slice();
        hello::read(&mut reader).unwrap();
        let mut next = || frame::read_packed::<Request>(&mut reader).unwrap();
        assert_eq!(next(), Some(Request::Blob { digest, data: b"hello".to_vec(), last: true }));
        let Some(Request::Host(part)) = next() else { panic!() };
        assert_eq!((part.name.as_str(), part.plays), ("localhost", vec![0]));
        assert_eq!(next(), Some(Request::Play(plan.plays[0].clone())));
        assert_eq!(next(), Some(Request::Begin(plan.settings)));
        assert_eq!(next(), Some(Request::End));
        let (all, seal) = bytes.split_at(bytes.len() - 32);
        assert_eq!((reader, seal), (seal, Digest::of(all).as_bytes().as_slice()));
    }

    #[test]
    fn a_failure_leaves_nothing_new() {
        let directory = tempfile::tempdir().unwrap();
        let mut contents = Contents::default();
        contents.insert(Digest::of(b"x"), &directory.path().join("gone"), 1);
        let path = directory.path().join("site.hep");
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, vec![]);
        assert!(write(&path, plan.clone(), &contents).unwrap_err().contains("gone"));
        assert!(write(Path::new("/proc/none/x"), plan, &Contents::default()).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
    #[test]
    fn a_file_in_the_way_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("site.hep");
        let other = temporary(&path).unwrap();
        fs::write(&other, "of somebody else").unwrap();
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, vec![]);
        assert!(write(&path, plan, &Contents::default()).unwrap_err().ends_with("is in the way"));
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody else");
        assert!(!path.exists());
    }
}
