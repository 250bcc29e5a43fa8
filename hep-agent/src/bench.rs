//! What the benchmarks measure of the agent; nobody else may use it. Gives counts, so that no work can be left out.

use crate::outside::Outside;
use crate::sys::files::{Content, ObserveFiles, Place};
use crate::sys::linux::Linux;
use crate::sys::packages::Database;
use hep_protocol::blob::Want;
use hep_protocol::message::{Go, Reply};
use hep_protocol::value::AbsPath;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// How many packages a dpkg status file (deb822) speaks of.
///
/// # Errors
/// The text is no status file.
pub fn packages(status: &[u8]) -> io::Result<usize> {
    let mut database = Database::new(vec!["amd64".to_owned()]);
    database.read(status)?;
    Ok(database.iter().count())
}

/// Files of this machine, and what they should hold.
pub struct Files {
    host: Linux,
    all: Vec<(Place, Content)>,
}

impl Files {
    /// From absolute paths and contents.
    ///
    /// # Errors
    /// A path is not one of the agent's.
    pub fn new(files: &[(PathBuf, Vec<u8>)]) -> Result<Files, String> {
        let one = |(path, content): &(PathBuf, Vec<u8>)| {
            let path = AbsPath::try_from(path.display().to_string())?;
            Ok((Place::of(path), Content::inline(content)))
        };
        let all = files.iter().map(one).collect::<Result<_, _>>();
        let all = all.map_err(|error: <AbsPath as TryFrom<String>>::Error| error.to_string())?;
        Ok(Files { host: Linux::new(Arc::new(Nobody)), all })
    }

    /// How many hold what they should.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn equal(&self) -> Result<usize, String> {
        let places: Vec<_> =
            self.all.iter().map(|(place, content)| (place, Some(content))).collect();
        let seen = self.host.survey(&places).map_err(|error| error.to_string())?;
        Ok(seen.iter().filter(|seen| seen.same).count())
    }
}

/// There is no controller.
struct Nobody;

impl Outside for Nobody {
    fn reply(&self, _reply: Reply) {}

    fn open(&self, _want: Want) -> io::Result<Box<dyn io::Read>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn cancelled(&self) -> bool {
        false
    }

    fn ask(&self, _task: u32) -> Go {
        Go::Run
    }
}
