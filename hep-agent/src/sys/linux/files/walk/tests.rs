//! The table of layouts on the real host, and walks while others exchange what is walked through. They need root.

use super::*;
use crate::sys::files::walk::tests::{Entry, TABLE, layout, told};
use crate::sys::linux::credentials::Identity;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::Path;
use tempfile::TempDir;

/// A directory that stands for the root directory, which others may pass.
fn top() -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let top = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    (directory, top)
}

fn make(top: &str, entries: &[(AbsPath, u32, Entry)]) {
    for (path, owner, entry) in entries {
        let at = format!("{top}{path}");
        match entry {
            Entry::Directory(mode) => {
                fs::create_dir(&at).unwrap();
                fs::set_permissions(&at, fs::Permissions::from_mode(u32::from(*mode))).unwrap();
                chown(&at, Some(*owner), Some(*owner)).unwrap();
            }
            Entry::Link(text) => {
                let text =
                    if text.starts_with('/') { format!("{top}{text}") } else { text.clone() };
                symlink(text, &at).unwrap();
                lchown(&at, Some(*owner), Some(*owner)).unwrap();
            }
            Entry::File => {
                fs::write(&at, "").unwrap();
                chown(&at, Some(*owner), Some(*owner)).unwrap();
            }
        }
    }
}

#[test]
fn real_links_are_followed_as_far_as_they_are_trusted() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    for row in TABLE {
        let (_directory, top) = top();
        make(&top, &layout(row));
        let path: AbsPath = format!("{top}{}", row.path).parse().unwrap();
        let walk = || {
            let stop = walk::walk(&Host::now(), &path, End::Directory);
            // Opening it leads to the same place.
            let opened = directory(&path, &[])
                .map(|dir| fs::read_link(super::super::temp::descriptor_path(&dir)));
            (told(stop.map(|walked| walked.way.path)), opened.ok().map(|path| path.unwrap()))
        };
        let (walked, opened) = match row.acting {
            0 => walk(),
            uid => Identity::of_session("hep-test", uid, uid, &[]).unwrap().act(walk).unwrap(),
        };
        let short = |text: String| text.replace(&format!("{top}/"), "/").replace(&top, "/");
        let expected = row.leads.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            walked.clone().map(short).map_err(short),
            expected,
            "{} in {}",
            row.path,
            row.adds
        );
        assert_eq!(opened.is_some(), walked.is_ok(), "{} in {}", row.path, row.adds);
        assert_eq!(opened.as_deref(), walked.ok().as_deref().map(Path::new));
    }
}

#[test]
fn links_of_the_kernel_are_not_followed() {
    for path in ["/proc/self/root", "/proc/self/cwd/x", "/proc/thread-self/root/etc"] {
        let error = directory(&path.parse().unwrap(), &[]).unwrap_err().doing("open");
        let failure = hep_protocol::outcome::Failure::from(error);
        assert!(
            failure
                .message
                .ends_with("it is one of the kernel's, which lead to what a process has open"),
            "{}",
            failure.message
        );
        assert_eq!(failure.hint.as_deref(), Some("write the path that is meant, without the link"));
    }
}

/// A user exchanges a directory for a link to root's as fast as the machine can: whatever is opened is never root's.
#[test]
fn exchanged_directories_lead_to_nothing_of_root() {
    use std::sync::atomic::{AtomicBool, Ordering};
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let (_directory, top) = top();
    let owned = |name: &str, owner: u32| {
        let at = format!("{top}/{name}");
        fs::create_dir(&at).unwrap();
        chown(&at, Some(owner), Some(owner)).unwrap();
        at
    };
    let victim = owned("victim", 0);
    owned("victim/sub", 0);
    let home = owned("home", 31_001);
    for name in ["home/a", "home/a/sub", "home/b", "home/b/sub"] {
        owned(name, 31_001);
    }
    for (name, text) in
        [("home/l", victim.as_str()), ("home/m", "b"), ("home/a/k", "../../victim/sub")]
    {
        symlink(text, format!("{top}/{name}")).unwrap();
        lchown(format!("{top}/{name}"), Some(31_001), Some(31_001)).unwrap();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for [one, other] in [["a", "l"], ["m", "l"], ["a/sub", "a/k"], ["b", "l"]] {
            let (one, other, done) = (format!("{home}/{one}"), format!("{home}/{other}"), &done);
            scope.spawn(move || {
                // With no more rights than that user has.
                let user = Identity::of_session("hep-test", 31_001, 31_001, &[]).unwrap();
                let exchange = || {
                    while !done.load(Ordering::Relaxed) {
                        let flags = rustix::fs::RenameFlags::EXCHANGE;
                        rustix::fs::renameat_with(CWD, &one, CWD, &other, flags).ok();
                        std::thread::yield_now();
                    }
                };
                user.act(exchange).unwrap();
            });
        }
        let mut owners = Vec::new();
        for turn in 0..2_000 {
            let path = format!("{home}/{}/sub", ["a", "m", "b", "l"][turn % 4]).parse().unwrap();
            if let Ok(dir) = directory(&path, &[]) {
                owners.push(rustix::fs::fstat(&dir).unwrap().st_uid);
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(owners.len() > 20, "came to a directory {} times", owners.len());
        assert!(owners.iter().all(|owner| *owner == 31_001), "{owners:?}");
    });
}
