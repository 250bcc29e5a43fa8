//! The host's own files of users and groups.
//!
//! `/etc/passwd` and `/etc/group` are read here, not through the C library: a static program's name service crashes
//! on hosts whose own loads modules. It starts nothing: `accounts` asks for names that are not there.

use super::version::Version;
use crate::sys::SysError;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// passwd(5) or group(5): in both the name is the first field and the number the third.
#[derive(Clone, Copy)]
pub(super) enum Database {
    /// Users.
    Passwd,
    /// Groups.
    Group,
}

impl Database {
    /// Its name, as getent(1) takes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Passwd => "passwd",
            Self::Group => "group",
        }
    }

    /// The name of a number, as the host's own file has it. Only for messages, so nothing more is asked.
    pub(super) fn name_of(self, number: u32) -> Option<String> {
        name_in(&self.read().ok()?, number)
    }

    /// Its text, read again when the file is another than it was.
    pub(super) fn read(self) -> Result<Arc<str>, SysError> {
        static PASSWD: Kept = Kept::new(None);
        static GROUP: Kept = Kept::new(None);
        let (path, kept) = match self {
            Self::Passwd => ("/etc/passwd", &PASSWD),
            Self::Group => ("/etc/group", &GROUP),
        };
        read_kept(path, kept).map_err(|error| SysError::io(format!("cannot read {path}"), error))
    }
}

/// A file's text, and the file as it was then.
type Kept = Mutex<Option<(Version, Arc<str>)>>;

/// The text of a file, none if it is not there.
fn read_kept(path: &str, kept: &Kept) -> io::Result<Arc<str>> {
    let version = match Version::of(path)? {
        Some(version) => version,
        None => return Ok("".into()),
    };
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    match &*kept {
        Some((known, text)) if *known == version => Ok(Arc::clone(text)),
        Some(_) | None => {
            // One that is replaced meanwhile is taken for the old version: the next look reads it once more.
            let text: Arc<str> = String::from_utf8_lossy(&fs::read(path)?).into();
            *kept = Some((version, Arc::clone(&text)));
            Ok(text)
        }
    }
}

/// The host's own files of users and groups, as they are at a moment.
pub(super) struct Files([Arc<str>; 2]);

impl Files {
    pub(super) fn now() -> Result<Self, SysError> {
        Ok(Self([Database::Passwd.read()?, Database::Group.read()?]))
    }
}

impl PartialEq for Files {
    /// Whether they were read once: a file that is another is read again.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

/// The user with this number, from the host's own file.
pub(crate) fn local_user(number: u32) -> Option<User> {
    account_in(&Database::Passwd.read().ok()?, |_, known| known == number)
}

/// A user, and what a login needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The name.
    pub(crate) name: String,
    /// Its number.
    pub(crate) uid: u32,
    /// The number of its own group.
    pub(crate) gid: u32,
    /// The home directory.
    pub(crate) home: String,
    /// The login shell.
    pub(crate) shell: String,
}

pub(super) fn account_in(text: &str, wanted: impl Fn(&str, u32) -> bool) -> Option<User> {
    text.lines().find_map(|line| {
        let [name, _, uid, gid, _, home, shell] =
            <[&str; 7]>::try_from(line.split(':').collect::<Vec<_>>()).ok()?;
        // What passwd(5) leaves out, login(1) takes as these.
        let or = |text: &str, other: &str| if text.is_empty() { other } else { text }.to_owned();
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        wanted(name, uid).then(|| User {
            name: name.to_owned(),
            uid,
            gid,
            home: or(home, "/"),
            shell: or(shell, "/bin/sh"),
        })
    })
}

pub(super) fn groups_in(text: &str, account: &User) -> Vec<u32> {
    let mut groups = vec![account.gid];
    for line in text.lines() {
        let mut members = line.split(':').nth(3).unwrap_or_default().split(',');
        if let Some((_, gid)) = fields(line)
            && members.any(|member| member == account.name)
            && !groups.contains(&gid)
        {
            groups.push(gid);
        }
    }
    groups
}

pub(super) fn fields(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    Some((name, fields.nth(1)?.parse().ok()?))
}

pub(super) fn number_in(text: &str, name: &str) -> Option<u32> {
    text.lines().filter_map(fields).find(|(known, _)| *known == name).map(|(_, number)| number)
}

fn name_in(text: &str, number: u32) -> Option<String> {
    let found = text.lines().filter_map(fields).find(|(_, known)| *known == number);
    found.map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nbroken\n+::::::\nwww-data:x:33:33::/var/www:\n";

    #[test]
    fn names_and_numbers_are_found_past_broken_lines() {
        assert_eq!(number_in(PASSWD, "www-data"), Some(33));
        assert_eq!(name_in(PASSWD, 0).as_deref(), Some("root"));
        assert_eq!((number_in(PASSWD, "www"), name_in(PASSWD, 7)), (None, None));
    }

    #[test]
    fn a_user_has_its_own_group_first_and_those_that_name_it() {
        let account = account_in(PASSWD, |name, _| name == "www-data").unwrap();
        assert_eq!((account.home.as_str(), account.shell.as_str()), ("/var/www", "/bin/sh"));
        let group = "adm:x:4:syslog,www-data\nssl:x:5:www\nwww-data:x:33:www-data\nbroken\n";
        assert_eq!(groups_in(group, &account), [33, 4]);
    }

    #[test]
    fn a_file_is_read_again_when_it_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passwd");
        let (path, kept) = (path.to_str().unwrap(), Kept::new(None));
        assert_eq!(&*read_kept(path, &kept).unwrap(), "");
        for text in ["a", "bc", "de"] {
            // As passwd(1) and adduser(8) do it.
            let new = directory.path().join("new");
            fs::write(&new, text).unwrap();
            fs::rename(&new, path).unwrap();
            assert_eq!(&*read_kept(path, &kept).unwrap(), text);
            let again = read_kept(path, &kept).unwrap();
            assert!(Arc::ptr_eq(&again, &read_kept(path, &kept).unwrap()));
        }
        fs::remove_file(path).unwrap();
        assert_eq!(&*read_kept(path, &kept).unwrap(), "");
    }
}
