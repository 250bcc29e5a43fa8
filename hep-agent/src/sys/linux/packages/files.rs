//! The files of dpkg and apt that tell what is installed and what can be had. Nothing is started but for compressed lists
//! and package files.

use super::{collected, program};
use crate::sys::SysError;
use crate::sys::linux::process::Capture;
use crate::sys::linux::version::Version as FileVersion;
use crate::sys::packages::control::each_stanza;
use crate::sys::packages::*;
use hep_protocol::outcome::Exit;
use hep_protocol::value::AbsPath;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

const STATUS: &str = "/var/lib/dpkg/status";
const JOURNAL: &str = "/var/lib/dpkg/updates";
const ARCHITECTURES: &str = "/var/lib/dpkg/arch";
const MARKS: &str = "/var/lib/apt/extended_states";
const LISTS: &str = "/var/lib/apt/lists";
const STAMP: &str = "/var/lib/apt/periodic/update-success-stamp";

/// The database as it was read last, and the files that it was read from.
static KEPT: Mutex<Option<([Option<FileVersion>; 3], Database)>> = Mutex::new(None);

/// All that dpkg has, with what its journal adds and apt's marks. It is read again when one of its files is another than it
/// was, and whenever dpkg is at work.
pub(super) fn database() -> Result<Database, SysError> {
    let version =
        |path: &str| FileVersion::of(path).map_err(|error| failed("open", path.as_ref(), error));
    let versions = [version(STATUS)?, version(ARCHITECTURES)?, version(MARKS)?];
    let at_rest = journal()?.is_empty();
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match &*kept {
        Some((known, database)) if at_rest && *known == versions => Ok(database.clone()),
        Some(_) | None => {
            let database = read_database()?;
            *kept = Some((versions, database.clone())).filter(|_| at_rest && !database.unfinished);
            Ok(database)
        }
    }
}

fn read_database() -> Result<Database, SysError> {
    let status = File::open(STATUS).map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            SysError::new(format!("this host has no dpkg: there is no {STATUS}"))
                .hint("`apt` is for Debian and its kin; leave the task out for this host")
        } else {
            SysError::io(format!("cannot open {STATUS}"), error)
        }
    })?;
    let listed = optional(ARCHITECTURES)?.unwrap_or_default();
    let mut database = Database::new(listed.split_whitespace().map(str::to_owned).collect());
    read(&mut database, STATUS.as_ref(), status)?;
    for path in journal()? {
        // dpkg may have merged it into its status file meanwhile.
        match File::open(&path) {
            Ok(file) => read(&mut database, &path, file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed("open", &path, error)),
        }
        database.unfinished = true;
    }
    if database.architectures.is_empty() {
        // Without foreign architectures dpkg keeps no list; it is of the machine's own itself.
        let own = database.iter().find(|entry| entry.name == "dpkg").map(|dpkg| dpkg.arch.clone());
        database.architectures.extend(own);
    }
    mark(&mut database)?;
    Ok(database)
}

fn read(database: &mut Database, path: &Path, file: File) -> Result<(), SysError> {
    let buffered = BufReader::with_capacity(256 * 1024, file);
    database.read(buffered).map_err(|error| failed("read", path, error))
}

/// The pieces of dpkg's journal in order: what it has done and not yet written to its status file. Empty unless it is at
/// work or was interrupted.
fn journal() -> Result<Vec<PathBuf>, SysError> {
    let digits = |path: &Path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.iter().all(u8::is_ascii_digit)
    };
    let mut pieces: Vec<PathBuf> = directory(JOURNAL)?;
    pieces.retain(|path| digits(path));
    pieces.sort();
    Ok(pieces)
}

/// Takes in which packages came for others only.
fn mark(database: &mut Database) -> Result<(), SysError> {
    let file = match File::open(MARKS) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("open", MARKS.as_ref(), error)),
    };
    let fields = ["Package", "Architecture", "Auto-Installed"];
    each_stanza(BufReader::new(file), &fields, |stanza| {
        let auto = stanza.get("Auto-Installed") == "1";
        let arch = stanza.get("Architecture");
        if let Some(entry) = database.get_mut(stanza.get("Package"), Some(arch)) {
            entry.auto = auto;
        }
        Ok(())
    })
    .map_err(|error| failed("read", MARKS.as_ref(), error))
}

/// How long ago the index was fetched: by the success stamp, else by its directory's time. `None` if there is no index or
/// the sources were changed since.
pub(super) fn index_age() -> Result<Option<Duration>, SysError> {
    if lists()?.is_empty() {
        return Ok(None);
    }
    let fetched = changed(STAMP).or_else(|| changed(LISTS));
    let mut sources =
        vec![PathBuf::from("/etc/apt/sources.list"), "/etc/apt/sources.list.d".into()];
    sources.extend(directory("/etc/apt/sources.list.d")?);
    let newest = sources.iter().filter_map(changed).max();
    Ok(fetched
        .filter(|fetched| newest.is_none_or(|newest| newest <= *fetched))
        // A stamp of the future is of now.
        .map(|fetched| SystemTime::now().duration_since(fetched).unwrap_or_default()))
}

fn changed(path: impl AsRef<Path>) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Notes that the index was fetched now, where apt's own periodic jobs look too.
pub(super) fn stamp_index() -> Result<(), SysError> {
    let stamp = || -> io::Result<()> {
        if let Some(parent) = Path::new(STAMP).parent() {
            fs::create_dir_all(parent)?;
        }
        File::options().create(true).append(true).open(STAMP)?.set_modified(SystemTime::now())
    };
    stamp().map_err(|error| failed("write", STAMP.as_ref(), error))
}

/// Every package of the index.
pub(super) fn catalogue() -> Result<Catalogue, SysError> {
    let mut catalogue = Catalogue::default();
    each_list(&mut |list| catalogue.read(list))?;
    Ok(catalogue)
}

/// Who publishes the versions that are installed.
pub(super) fn origins() -> Result<Origins, SysError> {
    let installed = database()?;
    let mut origins = Origins::default();
    for path in lists()? {
        let origin = release_of(&path)?;
        each_of(&[path], &mut |list| origins.read(list, &origin, &installed))?;
    }
    Ok(origins)
}

/// The origin of a list: what the `Release` file says whose name the list's begins with.
fn release_of(list: &Path) -> Result<String, SysError> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = name(list);
    let is_its = |path: &PathBuf| {
        let release = name(path);
        let stem = release.strip_suffix("_InRelease").or_else(|| release.strip_suffix("_Release"));
        stem.is_some_and(|stem| own.starts_with(&format!("{stem}_")))
    };
    let mut releases = directory(LISTS)?;
    releases.retain(is_its);
    // Suites may have names that others begin with.
    releases.sort_by_key(|path| std::cmp::Reverse(name(path).len()));
    let Some(path) = releases.first() else { return Ok(String::new()) };
    let file = File::open(path).map_err(|error| failed("open", path, error))?;
    origin_of(BufReader::new(file)).map_err(|error| failed("read", path, error))
}

/// Something that reads one list.
type Reader<'a> = dyn FnMut(&mut dyn BufRead) -> io::Result<()> + Send + 'a;

/// Hands every list of the index to `reader`.
pub(super) fn each_list(reader: &mut Reader<'_>) -> Result<(), SysError> {
    each_of(&lists()?, reader)
}

/// The same of these lists.
fn each_of(lists: &[PathBuf], reader: &mut Reader<'_>) -> Result<(), SysError> {
    for path in lists {
        let plain = path.extension().is_none_or(|extension| {
            !["lz4", "gz", "xz", "bz2", "zst", "lzma"].iter().any(|known| extension == *known)
        });
        if plain {
            match File::open(path) {
                Ok(file) => reader(&mut BufReader::with_capacity(256 * 1024, file))
                    .map_err(|error| failed("read", path, error))?,
                // A source on a medium that is not there any more.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("open", path, error)),
            }
        } else {
            unpack(path, reader)?;
        }
    }
    Ok(())
}

/// The lists of binary packages that apt keeps (apt.conf(5), `Acquire::GzipIndexes`).
fn lists() -> Result<Vec<PathBuf>, SysError> {
    let mut lists = directory(LISTS)?;
    lists.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.rsplit_once("_Packages").is_some_and(|(_, end)| end.is_empty() || end.starts_with('.'))
    });
    lists.sort();
    Ok(lists)
}

/// Reads a compressed list while apt's own helper unpacks it.
fn unpack(path: &Path, reader: &mut Reader<'_>) -> Result<(), SysError> {
    let argv =
        ["/usr/lib/apt/apt-helper".to_owned(), "cat-file".to_owned(), path.display().to_string()];
    let (sender, receiver) = sync_channel::<Vec<u8>>(8);
    let (end, read) = std::thread::scope(|scope| {
        let chunks = Chunks { receiver, rest: Vec::new(), at: 0 };
        let reader = scope.spawn(move || reader(&mut BufReader::new(chunks)));
        let mut sink = |stream, data: &[u8]| {
            if stream == hep_protocol::message::Stream::Stdout {
                // The reader gave up; its error is the news.
                sender.send(data.to_vec()).ok();
            }
        };
        let unpacker = super::Program { capture: Capture::Stream(&mut sink), ..program(&argv) };
        let end = unpacker.run();
        drop(sender);
        (end, reader.join())
    });
    let end = end?;
    match (end.exit, read) {
        (Some(Exit::Code(0)), Ok(read)) => read.map_err(|error| failed("read", path, error)),
        (_, _) => Err(SysError::new(format!("cannot unpack {}", path.display())).process(end)),
    }
}

/// What another thread sends, as a stream.
struct Chunks {
    receiver: Receiver<Vec<u8>>,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.rest.len() {
            // The sender is gone: this is the end.
            (self.rest, self.at) = (self.receiver.recv().unwrap_or_default(), 0);
        }
        let n = self.rest.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += n;
        Ok(n)
    }
}

/// What a package file says of itself.
pub(super) fn package_file(path: &AbsPath) -> Result<Option<PackageFile>, SysError> {
    let Some(text) = control(path)? else { return Ok(None) };
    let mut file = None;
    each_stanza(text.as_bytes(), &["Package", "Version", "Architecture"], |stanza| {
        file = Some(PackageFile {
            name: stanza.get("Package").to_owned(),
            version: Version::new(stanza.get("Version")),
            arch: stanza.get("Architecture").to_owned(),
            depends: None,
        });
        Ok(())
    })
    .map_err(|error| failed("read", path.as_str().as_ref(), error))?;
    Ok(file)
}

/// A package file's control stanza, read by dpkg-deb(1), which knows how it is compressed; `None` if there is no file.
pub(super) fn control(path: &AbsPath) -> Result<Option<String>, SysError> {
    match fs::metadata(path.as_str()) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path.as_str().as_ref(), error)),
    }
    let (end, stdout) = collected(&["dpkg-deb", "-f", path.as_str()].map(str::to_owned))?;
    match end.exit {
        Some(Exit::Code(0)) => Ok(Some(String::from_utf8_lossy(&stdout).into_owned())),
        Some(_) | None => Err(SysError::new(format!("{path} is not a package file")).process(end)),
    }
}

/// The text of dpkg's status file.
pub(super) fn status() -> Result<String, SysError> {
    let bytes = fs::read(STATUS).map_err(|error| failed("read", STATUS.as_ref(), error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The paths in a directory; none if there is no such directory.
fn directory(path: &str) -> Result<Vec<PathBuf>, SysError> {
    let list = || fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect();
    match list() {
        Ok(paths) => Ok(paths),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed("list", path.as_ref(), error)),
    }
}

/// A file's text, if it exists.
fn optional(path: &str) -> Result<Option<String>, SysError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path.as_ref(), error)),
    }
}

fn failed(doing: &str, path: &Path, error: io::Error) -> SysError {
    SysError::io(format!("cannot {doing} {}", path.display()), error)
}
