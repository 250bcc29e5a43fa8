//! The locales that the C library has: those of its archive (`locarchive.h` of glibc), and directories beside it.

use crate::sys::SysError;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where they are.
const DIRECTORY: &str = "/usr/lib/locale";

/// What an archive begins with.
const MAGIC: u32 = 0xde02_0109;

/// The largest table of names, and the longest name, in bytes.
const TABLE: usize = 1024 * 1024;
const NAME: usize = 64;

/// Whether programs can use a locale.
pub(super) fn has(name: &str) -> Result<bool, SysError> {
    let all = all(Path::new(DIRECTORY))
        .map_err(|error| SysError::io(format!("cannot read the locales in {DIRECTORY}"), error))?;
    let wanted = normal(name);
    Ok(wanted == "C" || wanted == "POSIX" || all.iter().any(|known| normal(known) == wanted))
}

/// The name with its character set as the C library compares it: `de_DE.utf8@euro`.
fn normal(name: &str) -> String {
    let Some((language, rest)) = name.split_once('.') else { return name.to_owned() };
    let (set, modifier) = rest.split_at(rest.find('@').unwrap_or(rest.len()));
    let set: String = set.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{language}.{}{modifier}", set.to_ascii_lowercase())
}

fn all(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = match File::open(directory.join("locale-archive")) {
        Ok(archive) => in_archive(&archive)?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.path().join("LC_IDENTIFICATION").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// The names in an archive: its head says where a hash table is, whose entries say where names are.
fn in_archive(archive: &File) -> io::Result<Vec<String>> {
    let mut head = [0; 20];
    archive.read_exact_at(&mut head, 0)?;
    let numbers = |bytes: &[u8]| -> Vec<u32> {
        let (numbers, _) = bytes.as_chunks::<4>();
        numbers.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect()
    };
    let [magic, _, offset, _, size] = numbers(&head)[..] else { return Ok(Vec::new()) };
    let length = usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(12);
    if magic != MAGIC || length > TABLE {
        return Err(io::Error::other("the archive is of no known form"));
    }
    let mut table = vec![0; length];
    archive.read_exact_at(&mut table, offset.into())?;
    let mut names = Vec::new();
    for entry in table.chunks_exact(12) {
        let [_, name, record] = numbers(entry)[..] else { continue };
        if record != 0 {
            let mut text = [0; NAME];
            let read = archive.read_at(&mut text, name.into())?;
            let text = text.get(..read).unwrap_or_default();
            let name = text.split(|byte| *byte == 0).next().unwrap_or_default();
            names.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_and_directories_have_names() {
        let directory = tempfile::tempdir().unwrap();
        assert!(all(&directory.path().join("none")).unwrap().is_empty());
        fs::create_dir(directory.path().join("C.utf8")).unwrap();
        fs::write(directory.path().join("C.utf8/LC_IDENTIFICATION"), "").unwrap();
        let (table, name) = (20_u32, 20_u32 + 24);
        let numbers = [MAGIC, 0, table, 1, 2, 0, 0, 0, 7, name, 1];
        let mut archive: Vec<u8> = numbers.iter().flat_map(|n| n.to_ne_bytes()).collect();
        archive.extend(b"de_DE.utf8\0");
        fs::write(directory.path().join("locale-archive"), archive).unwrap();
        assert_eq!(all(directory.path()).unwrap(), ["de_DE.utf8", "C.utf8"]);
        fs::write(directory.path().join("locale-archive"), [0; 20]).unwrap();
        assert!(all(directory.path()).is_err());
    }

    #[test]
    fn character_sets_are_compared_as_the_c_library_does() {
        assert_eq!(normal("de_DE.UTF-8"), normal("de_DE.utf8"));
        assert_eq!(normal("de_DE.ISO-8859-15@euro"), "de_DE.iso885915@euro");
        assert_ne!(normal("de_DE"), normal("de_DE.UTF-8"));
    }
}
