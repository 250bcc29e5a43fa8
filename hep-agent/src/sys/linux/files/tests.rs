//! The real machine, in a directory of its own: what a reader beside us sees, what is kept, and what refuses.

use super::super::Linux;
use crate::outside::Outside;
use crate::sys::SysError;
use crate::sys::files::*;
use hep_protocol::blob::{Digest, Want};
use hep_protocol::message::{Go, Reply};
use hep_protocol::outcome::Failure;
use hep_protocol::value::{AbsPath, Argv, PermissionBits};
use rustix::fs::XattrFlags;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// Gives any content that it is asked for as the bytes `b`, in the number that the test announces.
struct Sender {
    len: u64,
    fails: bool,
}

impl Outside for Sender {
    fn reply(&self, _reply: Reply) {}

    fn open(&self, _want: Want) -> io::Result<Box<dyn Read>> {
        let bytes = io::repeat(b'b').take(self.len);
        if self.fails { Ok(Box::new(bytes.chain(Broken))) } else { Ok(Box::new(bytes)) }
    }

    fn cancelled(&self) -> bool {
        false
    }

    fn ask(&self, _task: u32) -> Go {
        Go::Run
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the controller is gone"))
    }
}

fn linux() -> Linux {
    Linux::new(Arc::new(Sender { len: 0, fails: false }))
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn path(directory: &TempDir, name: &str) -> AbsPath {
    let directory = directory.path().canonicalize().unwrap();
    format!("{}/{name}", directory.display()).parse().unwrap()
}

fn attrs(mode: u16) -> Attrs {
    let (uid, gid) = linux().own_ids();
    Attrs {
        owner: Account::Number(uid),
        group: Account::Number(gid),
        mode: PermissionBits(mode),
        acl: Acl::AsItIs,
    }
}

fn new_file(path: &AbsPath, bytes: &[u8]) -> NewFile {
    NewFile {
        place: Place::of(path.clone()),
        from: linux().lstat(path).unwrap().map(|meta| former(meta.kind)),
        to: FileState { content: Content::inline(bytes), attrs: attrs(0o644) },
        backup: false,
        validate: None,
        in_place: false,
        durable: Durable::AtOnce,
        detail: String::new(),
    }
}

fn former(kind: FileKind) -> Former {
    Former { kind, size: 0, target: None, attrs: attrs(0) }
}

/// The same file with other attributes.
fn with(attrs: &Attrs, new: NewFile) -> NewFile {
    NewFile { to: FileState { attrs: attrs.clone(), ..new.to }, ..new }
}

fn put(path: &AbsPath, bytes: &[u8]) {
    linux().put_file(&new_file(path, bytes)).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The whole error as a reader sees it, the directory's name left out.
fn shown(error: SysError, directory: &TempDir) -> String {
    let failure = Failure::from(error);
    let mut text = failure.message;
    text.extend(failure.hint.iter().map(|hint| format!("\nhint: {hint}")));
    text.extend(
        [failure.stdout, failure.stderr].iter().filter(|t| !t.is_empty()).map(|t| format!("\n{t}")),
    );
    text.replace(directory.path().canonicalize().unwrap().to_str().unwrap(), "/t")
}

#[test]
fn reader_never_sees_a_partial_file_or_wrong_attributes() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    let wanted = if is_root() {
        Attrs {
            owner: Account::Number(33),
            group: Account::Number(34),
            mode: PermissionBits(0o640),
            acl: Acl::AsItIs,
        }
    } else {
        attrs(0o640)
    };
    let contents = [vec![b'x'; 300_000], vec![b'y'; 200_000]];
    let write = |turn: usize| {
        let new = new_file(&file, &contents[turn % 2]);
        linux().put_file(&with(&wanted, new)).unwrap();
    };
    write(0);
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                let mut open = fs::File::open(&file).unwrap();
                let meta = open.metadata().unwrap();
                let mut bytes = Vec::new();
                open.read_to_end(&mut bytes).unwrap();
                assert!(contents.contains(&bytes), "{} bytes", bytes.len());
                let found = super::meta_of(&meta).attrs;
                assert_eq!(found, wanted);
                seen += 1;
            }
            seen
        });
        (1..=300).for_each(write);
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(seen > 10, "the reader was there {seen} times");
    assert_eq!(names(directory.path()), ["f"]);
}

/// acl(5) in the kernel's form: u::rw-, u:33:r--, g::r--, m::r--, o::---.
fn acl() -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, NOBODY), (2, 4, 33), (4, 4, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn acl_of_the_directory_is_not_forced_on_what_had_none() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    put(&file, b"old");
    let name = "system.posix_acl_default";
    // A file system without ACLs has nothing to get wrong.
    if rustix::fs::setxattr(directory.path(), name, &acl(), XattrFlags::empty()).is_ok() {
        put(&file, b"new");
        let mut value = [0; 256];
        let found = rustix::fs::getxattr(file.as_str(), "system.posix_acl_access", &mut value[..]);
        assert_eq!(found, Err(rustix::io::Errno::NODATA));
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o644);
    }
}

#[test]
fn own_attributes_stay_and_those_of_the_content_go() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    put(&file, b"old");
    let set = |name: &str, value: &[u8]| {
        rustix::fs::setxattr(file.as_str(), name, value, XattrFlags::empty())
    };
    let has = |name: &str| {
        let mut value = [0; 256];
        rustix::fs::getxattr(file.as_str(), name, &mut value[..]).is_ok()
    };
    let user = set("user.note", b"keep").is_ok();
    let acl = acl();
    let acls = set("system.posix_acl_access", &acl).is_ok();
    // VFS_CAP_REVISION_2 with CAP_NET_BIND_SERVICE (capabilities(7)).
    let capability: Vec<u8> =
        [0x0200_0001_u32, 1 << 10, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    let capable = set("security.capability", &capability).is_ok();
    assert!(user || acls || capable, "this file system keeps no extended attributes at all");
    linux().put_file(&with(&attrs(0o640), new_file(&file, b"new"))).unwrap();
    assert_eq!((has("user.note"), has("system.posix_acl_access")), (user, acls));
    assert!(!has("security.capability"));
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::read(&file).unwrap(), b"new");
}

#[test]
fn set_id_bits_survive_a_change_of_owner() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    let mut wanted = attrs(0o6755);
    if is_root() {
        wanted.owner = Account::Number(33);
    }
    linux().put_file(&with(&wanted, new_file(&file, b"x"))).unwrap();
    assert_eq!(linux().lstat(&file).unwrap().unwrap().attrs, wanted);
    wanted.owner = attrs(0).owner;
    linux().set_attrs(&Place::of(file.clone()), &wanted).unwrap();
    assert_eq!(linux().lstat(&file).unwrap().unwrap().attrs, wanted);
    linux()
        .put_file(&NewFile { in_place: true, ..with(&wanted, new_file(&file, b"longer")) })
        .unwrap();
    assert_eq!(linux().lstat(&file).unwrap().unwrap().attrs, wanted);
}

#[test]
fn backup_of_a_program_has_no_rights_of_its_own() {
    for (mode, in_place) in [(0o4755, false), (0o2755, false), (0o6711, true), (0o755, false)] {
        let directory = tempfile::tempdir().unwrap();
        let file = path(&directory, "f");
        put(&file, b"old");
        linux().set_attrs(&Place::of(file.clone()), &attrs(mode)).unwrap();
        let new = NewFile { backup: true, in_place, ..new_file(&file, b"new") };
        let kept = linux().put_file(&new).unwrap().unwrap();
        let meta = fs::metadata(&kept).unwrap();
        assert_eq!(meta.mode() & 0o7777, u32::from(mode) & 0o777, "{mode:o}");
        assert_eq!(fs::read(&kept).unwrap(), b"old");
        assert_eq!(meta.uid(), nix::unistd::geteuid().as_raw());
    }
}

#[test]
fn refused_content_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    put(&file, b"old");
    let validate = |command: &str| {
        let argv = Argv::try_from(vec!["sh".into(), "-c".into(), command.into(), "%s".into()]);
        NewFile { validate: Some(argv.unwrap()), ..new_file(&file, b"new") }
    };
    let refuses = validate("cat $0; echo no >&2; exit 3");
    let error = linux().put_file(&refuses).unwrap_err();
    assert_eq!(
        shown(error, &directory),
        "`sh -c \"cat $0; echo no >&2; exit 3\" %s` refuses the new content of /t/f\n\
         hint: the old content is untouched\nnew\nno\n"
    );
    let error = linux().put_file(&NewFile { in_place: true, ..refuses }).unwrap_err();
    assert!(error.to_string().contains("refuses the new content"));
    assert_eq!(
        (fs::read(&file).unwrap().as_slice(), names(directory.path())),
        (&b"old"[..], vec!["f".to_owned()])
    );
    let sees = "test \"$(stat -c %a $0)\" = 644 && test \"$(cat $0)\" = new";
    linux().put_file(&validate(sees)).unwrap();
    assert_eq!(
        (fs::read(&file).unwrap().as_slice(), names(directory.path())),
        (&b"new"[..], vec!["f".to_owned()])
    );
}

#[test]
fn content_that_does_not_come_whole_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    put(&file, b"old");
    let right = Digest::of(&vec![b'b'; 1_000_000]);
    let try_with = |len, fails, digest, was: Option<FileKind>| {
        let content = Content { digest, size: 1_000_000, inline: None };
        let to = FileState { content, attrs: attrs(0o644) };
        let new = NewFile { to, from: was.map(former), ..new_file(&file, b"") };
        let result = Linux::new(Arc::new(Sender { len, fails })).put_file(&new);
        result
            .map_err(|error| shown(error, &directory).split(", sha256").next().unwrap().to_owned())
    };
    let was = Some(FileKind::File);
    let announced = "the new content of /t/f is not what was announced";
    let short = try_with(999_999, false, right, was).unwrap_err();
    assert_eq!(short, format!("{announced}: 999999 bytes of 1000000"));
    let other = try_with(1_000_000, false, Digest::of(b"other"), was).unwrap_err();
    assert_eq!(other, format!("{announced}: 1000000 bytes of 1000000"));
    assert!(try_with(u64::MAX, false, right, was).unwrap_err().starts_with(announced));
    let lost = try_with(500_000, true, right, was).unwrap_err();
    assert_eq!(lost, "cannot get the new content of /t/f: the controller is gone");
    assert_eq!(
        (fs::read(&file).unwrap().as_slice(), names(directory.path())),
        (&b"old"[..], vec!["f".to_owned()])
    );
    try_with(1_000_000, false, right, was).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().len(), 1_000_000);
}

#[test]
fn backups_keep_content_and_attributes() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    linux().put_file(&with(&attrs(0o600), new_file(&file, b"first"))).unwrap();
    let backup = |bytes: &[u8], in_place| {
        let new = NewFile { backup: true, in_place, ..new_file(&file, bytes) };
        linux().put_file(&new).unwrap().unwrap()
    };
    let kept = backup(b"second", false);
    let again = backup(b"third", true);
    assert!(kept.as_str().starts_with(&format!("{file}.2")) && kept.as_str().ends_with('~'));
    assert_ne!(kept, again);
    assert_eq!(fs::read(&kept).unwrap(), b"first");
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&again).unwrap(), b"second");
    assert_eq!(fs::read(&file).unwrap(), b"third");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    fs::write(Path::new(file.as_str()).join("inside"), "x").unwrap();
    let tree = backup(b"file", false);
    assert_eq!(names(Path::new(tree.as_str())), ["inside"]);
    assert_eq!(names(directory.path()).len(), 4);
}

#[test]
fn what_a_killed_agent_left_is_removed_and_what_lives_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    let validated = || {
        let validate = Argv::try_from(vec!["true".to_owned(), "%s".to_owned()]).ok();
        NewFile { validate, ..new_file(&file, b"x") }
    };
    let left = directory.path().join(".hep-f");
    fs::write(&left, "half").unwrap();
    linux().put_file(&validated()).unwrap();
    assert_eq!(names(directory.path()), ["f"]);
    symlink("nowhere", &left).unwrap();
    let (place, was) = (Place::of(path(&directory, "f")), Some(FileKind::File));
    let link = NewLink { target: "t".to_owned(), attrs: attrs(0) };
    linux().make_link(&place, &link, was, Durable::AtOnce).unwrap();
    assert_eq!(names(directory.path()), ["f"]);
    // Another agent is writing.
    let other = fs::File::create(&left).unwrap();
    super::temp::lock(&other).unwrap();
    linux().put_file(&validated()).unwrap();
    assert_eq!(names(directory.path()), [".hep-f", "f"]);
    drop(other);
    linux().put_file(&validated()).unwrap();
    assert_eq!(names(directory.path()), ["f"]);
    // A name as long as names can be.
    let long = path(&directory, &"ä".repeat(127));
    linux().put_file(&NewFile { validate: validated().validate, ..new_file(&long, b"x") }).unwrap();
    put(&long, b"y");
    assert_eq!(names(directory.path()).len(), 2);
}

#[test]
fn directory_beside_the_place_is_removed_only_if_it_is_empty_and_nobody_makes_it() {
    let directory = tempfile::tempdir().unwrap();
    let beside = directory.path().join(".hep-d");
    let make = |name: &str| {
        linux().make_dir(&Place::of(path(&directory, name)), &attrs(0o755), None, Durable::AtOnce)
    };
    // A killed agent left it.
    fs::create_dir(&beside).unwrap();
    make("d").unwrap();
    assert_eq!(names(directory.path()), ["d"]);
    fs::remove_dir(directory.path().join("d")).unwrap();
    // Another agent is making it.
    fs::create_dir(&beside).unwrap();
    let other = fs::File::open(&beside).unwrap();
    super::temp::lock(&other).unwrap();
    make("d").unwrap();
    assert_eq!(names(directory.path()), [".hep-d", "d"]);
    fs::remove_dir(directory.path().join("d")).unwrap();
    drop(other);
    // An operator's own.
    fs::write(beside.join("kept"), "kept").unwrap();
    make("d").unwrap();
    assert_eq!(names(directory.path()), [".hep-d", "d"]);
    assert_eq!(fs::read(beside.join("kept")).unwrap(), b"kept");
}

/// One of them makes it, and the others find that something appeared; nothing is left, whatever they took from each other.
#[test]
fn many_that_make_one_directory_make_one() {
    let directory = tempfile::tempdir().unwrap();
    for turn in 0..50 {
        let place = Place::of(path(&directory, &turn.to_string()));
        let made = std::thread::scope(|scope| {
            let make = || linux().make_dir(&place, &attrs(0o755), None, Durable::AtOnce);
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            let ends: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            let (made, failed): (Vec<_>, Vec<_>) = ends.into_iter().partition(Result::is_ok);
            for error in failed.into_iter().filter_map(Result::err) {
                let text = shown(error, &directory);
                assert!(text.ends_with("something appeared there meanwhile; run again"), "{text}");
            }
            made.len()
        });
        assert_eq!(made, 1);
        let meta = linux().lstat(place.path()).unwrap().unwrap();
        assert_eq!(meta.attrs, attrs(0o755));
    }
    assert_eq!(names(directory.path()).len(), 50, "{:?}", names(directory.path()));
}

#[test]
fn links_planted_below_the_root_lead_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let root = path(&directory, "root");
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(&root).unwrap();
    // The plan saw a directory `sub`; by now it is a link.
    symlink(&outside, Path::new(root.as_str()).join("sub")).unwrap();
    let below = |name: &str| Place::below(root.clone(), root.join(name).unwrap());
    let mut host = linux();
    let refused = |result: Result<(), SysError>| {
        let text = shown(result.unwrap_err(), &directory);
        assert_eq!(text, "cannot open the directory /t/root/sub: not a directory");
    };
    refused(host.set_attrs(&below("sub/secret"), &attrs(0o777)));
    let new = NewFile { place: below("sub/secret"), from: None, ..new_file(&root, b"x") };
    refused(host.put_file(&new).map(drop));
    refused(host.remove(&below("sub/secret"), FileKind::File));
    refused(host.make_dir(&below("sub/new"), &attrs(0o755), None, Durable::AtOnce));
    // At the end of a path the link itself is meant.
    assert!(host.set_attrs(&below("sub"), &attrs(0o777)).is_ok());
    assert_eq!(fs::metadata(&outside).unwrap().mode() & 0o777, 0o700);
    assert!(host.remove(&below("sub"), FileKind::Directory).is_err());
    host.remove(&Place::of(root.clone()), FileKind::Directory).unwrap();
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
    assert_eq!(names(directory.path()), ["outside"]);
}

#[test]
fn looks_go_through_no_link_below_the_root_either() {
    let directory = tempfile::tempdir().unwrap();
    let root = path(&directory, "root");
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    fs::create_dir_all(Path::new(root.as_str()).join("own")).unwrap();
    fs::write(Path::new(root.as_str()).join("own/file"), "x").unwrap();
    symlink(&outside, Path::new(root.as_str()).join("sub")).unwrap();
    symlink("root", directory.path().join("named")).unwrap();
    let host = linux();
    for root in [root, path(&directory, "named")] {
        let below = |name: &str| Place::below(root.clone(), root.join(name).unwrap());
        assert_eq!(host.lstat_at(&below("sub/secret")).unwrap(), None);
        assert_eq!(host.lstat_at(&below("sub")).unwrap().unwrap().kind, FileKind::Link);
        assert!(host.digest_at(&below("sub/secret")).is_err());
        assert!(host.read_at(&below("sub/secret"), 10).is_err());
        assert!(host.list_at(&below("sub")).is_err());
        assert!(host.list_at(&below("sub/secret")).is_err());
        // Links in the root are the operator's words.
        assert_eq!(
            host.list_at(&Place::below(root.clone(), root.clone())).unwrap(),
            ["own", "sub"]
        );
        assert_eq!(host.list_at(&below("own")).unwrap(), ["file"]);
        assert_eq!(host.digest_at(&below("own/file")).unwrap(), Digest::of(b"x"));
        assert_eq!(host.read_at(&below("own/file"), 10).unwrap().unwrap(), b"x");
        let meta = host.lstat_at(&below("own/file")).unwrap();
        assert_eq!(meta, host.lstat(below("own/file").path()).unwrap());
    }
}

/// An attacker exchanges a directory for a link to another, as fast as it can, while hep removes the tree around it.
#[test]
fn removal_under_attack_stays_in_its_tree() {
    let directory = tempfile::tempdir().unwrap();
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    (0..50).for_each(|n| fs::write(outside.join(n.to_string()), "x").unwrap());
    for _ in 0..30 {
        let root = path(&directory, "root");
        let sub = Path::new(root.as_str()).join("sub");
        fs::create_dir_all(&sub).unwrap();
        (0..50).for_each(|n| fs::write(sub.join(n.to_string()), "x").unwrap());
        let link = directory.path().join("link");
        symlink(&outside, &link).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..200 {
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    let at = rustix::fs::CWD;
                    rustix::fs::renameat_with(at, &sub, at, &link, flags).ok();
                }
            });
            // It may fail because of the exchanges, but never follow them.
            linux().remove(&Place::of(root.clone()), FileKind::Directory).ok();
        });
        assert_eq!(names(&outside).len(), 50);
        linux().remove(&Place::of(root.clone()), FileKind::Directory).ok();
        for left in [&link, &sub] {
            fs::remove_file(left).or_else(|_| fs::remove_dir_all(left)).ok();
        }
        fs::remove_dir_all(&root).ok();
    }
}

#[test]
fn removal_takes_any_name_and_any_kind() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempfile::tempdir().unwrap();
    let root = path(&directory, "root");
    let at = Path::new(root.as_str());
    fs::create_dir_all(at.join("a/b/c")).unwrap();
    fs::write(at.join(std::ffi::OsStr::from_bytes(b"not\xffutf8")), "x").unwrap();
    fs::write(at.join("a/-rf\n"), "x").unwrap();
    symlink("/", at.join("a/root")).unwrap();
    nix::unistd::mkfifo(&at.join("a/b/pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert!(fs::symlink_metadata(at.join("a/b/pipe")).unwrap().file_type().is_fifo());
    let error = linux().list(&root).unwrap_err();
    assert_eq!(
        shown(error, &directory),
        "/t/root has a name in it that is not UTF-8: not\u{fffd}utf8\nhint: rename it on the host"
    );
    linux().remove(&Place::of(root), FileKind::Directory).unwrap();
    assert!(names(directory.path()).is_empty());
}

#[test]
fn pipes_in_the_way_are_neither_waited_for_nor_read() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = path(&directory, "pipe");
    nix::unistd::mkfifo(pipe.as_str(), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let error = linux().digest(&pipe).unwrap_err();
    assert_eq!(shown(error, &directory), "cannot read /t/pipe: it is not a regular file");
    assert!(linux().put_file(&NewFile { in_place: true, ..new_file(&pipe, b"x") }).is_err());
    put(&pipe, b"file now");
    assert_eq!(fs::read(&pipe).unwrap(), b"file now");
}

#[test]
fn something_that_appeared_meanwhile_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    let new = new_file(&file, b"mine");
    fs::write(&file, "theirs").unwrap();
    let error = linux().put_file(&new).unwrap_err();
    assert_eq!(
        shown(error, &directory),
        "cannot create /t/f: file exists\nhint: something appeared there meanwhile; run again"
    );
    assert!(
        linux().make_dir(&Place::of(file.clone()), &attrs(0o755), None, Durable::AtOnce).is_err()
    );
    assert_eq!(fs::read(&file).unwrap(), b"theirs");
    assert_eq!(names(directory.path()), ["f"]);
}

#[test]
fn file_that_was_rewritten_in_place_is_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    put(&file, b"a long old content");
    let before = fs::metadata(&file).unwrap().ino();
    linux().put_file(&NewFile { in_place: true, ..new_file(&file, b"short") }).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().ino(), before);
    assert_eq!(fs::read(&file).unwrap(), b"short");
    assert_eq!(names(directory.path()), ["f"]);
}

#[test]
fn new_directory_has_its_attributes_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::of(path(&directory, "d"));
    linux().make_dir(&place, &attrs(0o2750), None, Durable::AtOnce).unwrap();
    let meta = linux().lstat(place.path()).unwrap().unwrap();
    assert_eq!((meta.kind, meta.attrs), (FileKind::Directory, attrs(0o2750)));
    assert_eq!(names(directory.path()), ["d"]);
}

#[test]
fn missing_directory_of_a_place_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = linux().touch(&Place::of(path(&directory, "none/f"))).unwrap_err();
    assert_eq!(
        shown(error, &directory),
        "cannot open the directory /t/none: no such file or directory"
    );
}

/// Runs the named test of this file again, alone, in a mount namespace of its own where the current user is root.
fn in_own_namespace(test: &str) -> bool {
    if std::env::var_os("HEP_TEST_NAMESPACE").is_some() {
        return true;
    }
    let namespace = if is_root() { vec!["-m"] } else { vec!["-m", "-U", "-r"] };
    let name = format!("sys::linux::files::tests::{test}");
    let output = Command::new("unshare")
        .args(namespace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env("HEP_TEST_NAMESPACE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

fn mount(arguments: &[&str]) {
    let output = Command::new("mount").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn mounted_file_is_rewritten_only_in_place() {
    if !in_own_namespace("mounted_file_is_rewritten_only_in_place") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (file, real) = (path(&directory, "f"), path(&directory, "real"));
    put(&file, b"under");
    put(&real, b"old");
    mount(&["--bind", real.as_str(), file.as_str()]);
    let error = linux().put_file(&new_file(&file, b"new")).unwrap_err();
    assert_eq!(
        shown(error, &directory),
        "cannot replace /t/f, it is a mount point: device or resource busy\n\
         hint: `in_place: true` writes into the mounted file instead, which is not atomic; to be replaced or removed \
         it must be unmounted in an earlier task"
    );
    assert_eq!(fs::read(&real).unwrap(), b"old");
    linux().put_file(&NewFile { in_place: true, ..new_file(&file, b"new") }).unwrap();
    assert_eq!(fs::read(&real).unwrap(), b"new");
    assert_eq!(names(directory.path()), ["f", "real"]);
}

#[test]
fn mounts_in_a_tree_are_never_entered() {
    if !in_own_namespace("mounts_in_a_tree_are_never_entered") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (root, other) = (path(&directory, "root"), path(&directory, "other"));
    let point = root.join("a/mnt").unwrap();
    fs::create_dir_all(&point).unwrap();
    fs::create_dir(&other).unwrap();
    fs::write(Path::new(other.as_str()).join("precious"), "x").unwrap();
    // A bind mount of the same file system: its device number tells nothing.
    mount(&["--bind", other.as_str(), point.as_str()]);
    assert_eq!(linux().mounts(&root).unwrap(), std::slice::from_ref(&point));
    let error = linux().remove(&Place::of(root), FileKind::Directory).unwrap_err();
    assert_eq!(shown(error, &directory), "mnt in /t/root is a mount point by now and was left");
    assert_eq!(names(Path::new(other.as_str())), ["precious"]);
}

#[test]
fn full_and_read_only_disks_lose_nothing() {
    if !in_own_namespace("full_and_read_only_disks_lose_nothing") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory.path().to_str().unwrap()]);
    let file = path(&directory, "f");
    put(&file, b"old");
    let large = vec![b'x'; 2 * 1024 * 1024];
    for in_place in [false, true] {
        let error = linux().put_file(&NewFile { in_place, ..new_file(&file, &large) }).unwrap_err();
        assert_eq!(
            shown(error, &directory),
            "cannot write /t/f: no space left on device\n\
             hint: make room on its file system; what was there is untouched"
        );
        assert_eq!(
            (fs::read(&file).unwrap(), names(directory.path())),
            (b"old".to_vec(), vec!["f".to_owned()])
        );
    }
    mount(&["-o", "remount,ro", directory.path().to_str().unwrap()]);
    let error = linux().put_file(&new_file(&file, b"new")).unwrap_err();
    assert_eq!(
        shown(error, &directory),
        "cannot write a new file beside /t/f: read-only file system\n\
         hint: the file system is mounted read-only"
    );
}

#[test]
fn immutable_files_and_directories_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = path(&directory, "f");
    put(&file, b"old");
    let chattr = |change: &str, path: &str| {
        Command::new("chattr").args([change, path]).output().is_ok_and(|o| o.status.success())
    };
    let at = directory.path().to_str().unwrap();
    // Where the attribute cannot be set (not root, a file system without it) nothing can be immutable.
    if chattr("+i", file.as_str()) {
        let error = linux().put_file(&new_file(&file, b"new"));
        chattr("-i", file.as_str());
        assert_eq!(
            shown(error.unwrap_err(), &directory),
            "cannot replace /t/f: operation not permitted\n\
             hint: /t/f is immutable: `chattr -i -a` on the host allows changes"
        );
        chattr("+i", at);
        let error = linux().put_file(&new_file(&file, b"new"));
        chattr("-i", at);
        assert_eq!(
            shown(error.unwrap_err(), &directory),
            "cannot write a new file beside /t/f: operation not permitted\n\
             hint: the directory of /t/f is immutable: `chattr -i -a` on the host allows changes"
        );
    }
    assert_eq!(
        (fs::read(&file).unwrap().as_slice(), names(directory.path())),
        (&b"old"[..], vec!["f".to_owned()])
    );
}
