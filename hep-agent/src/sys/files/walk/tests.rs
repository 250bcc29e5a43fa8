//! Accepted and refused layouts: one table, for a tree in memory here and for the real host in `sys/linux/files`.

use super::*;
use hep_protocol::value::PermissionBits;
use std::collections::BTreeMap;
use std::convert::Infallible;

pub(crate) const ROOT: u32 = 0;
pub(crate) const ALICE: u32 = 31_001;
pub(crate) const BOB: u32 = 31_002;

/// What a layout has at a path.
#[derive(Clone)]
pub(crate) enum Entry {
    Directory(u16),
    Link(String),
    File,
}

/// What every layout has.
const COMMON: &str = "
    root 0755 /home
    alice 0755 /home/alice
    alice 0755 /home/alice/dotfiles
    alice 0755 /home/alice/dotfiles/ssh
    bob 0755 /home/bob
    bob 0755 /home/bob/dir
    root 0755 /root
    root 0755 /root/.ssh
    root 0755 /etc
    root 0755 /run
    root 0755 /run/app
    root 0755 /usr
    root 0755 /usr/lib
    root 0755 /var
    root 1777 /tmp
    alice 0755 /tmp/alices
";

/// A layout, who acts, the path that is walked as a directory, and where that leads or why it does not.
pub(crate) struct Row {
    pub(crate) adds: &'static str,
    pub(crate) acting: u32,
    pub(crate) path: &'static str,
    pub(crate) leads: Result<&'static str, &'static str>,
}

const fn row(
    adds: &'static str,
    path: &'static str,
    leads: Result<&'static str, &'static str>,
) -> Row {
    Row { adds, acting: ROOT, path, leads }
}

const fn acting(acting: u32, row: Row) -> Row {
    Row { acting, ..row }
}

/// `(refused)` is a link that is not followed, `(nothing)` a path that leads nowhere.
pub(crate) const TABLE: &[Row] = &[
    // Real directories pass, whose they ever are.
    row("", "/home/alice/dotfiles", Ok("/home/alice/dotfiles")),
    row("root 0755 /home/alice/roots", "/home/alice/roots", Ok("/home/alice/roots")),
    row("bob 0777 /home/alice/open", "/home/alice/open", Ok("/home/alice/open")),
    // A user's link to what is theirs.
    row(
        "alice /home/alice/.ssh -> dotfiles/ssh",
        "/home/alice/.ssh",
        Ok("/home/alice/dotfiles/ssh"),
    ),
    row(
        "alice /home/alice/.ssh -> /home/alice/dotfiles/ssh",
        "/home/alice/.ssh",
        Ok("/home/alice/dotfiles/ssh"),
    ),
    row(
        "alice /home/alice/d -> dotfiles/../dotfiles/./ssh/",
        "/home/alice/d",
        Ok("/home/alice/dotfiles/ssh"),
    ),
    row("alice /home/alice/d -> dotfiles", "/home/alice/d/ssh", Ok("/home/alice/dotfiles/ssh")),
    row(
        "alice /home/alice/d -> e\nalice /home/alice/e -> f\nalice /home/alice/f -> dotfiles",
        "/home/alice/d/ssh",
        Ok("/home/alice/dotfiles/ssh"),
    ),
    row(
        "alice /home/alice/d -> dotfiles\nalice /home/alice/dotfiles/x -> /home/alice/dotfiles/ssh",
        "/home/alice/d/x",
        Ok("/home/alice/dotfiles/ssh"),
    ),
    row("alice /tmp/link -> alices", "/tmp/link", Ok("/tmp/alices")),
    // And to what is not.
    row(
        "alice /home/alice/.ssh -> /root/.ssh",
        "/home/alice/.ssh",
        Err(
            "the link /home/alice/.ssh of 31001 is not followed: it leads to /root/.ssh, which belongs to root\nhint: write `/root/.ssh` if that is what is meant",
        ),
    ),
    row(
        "alice /home/alice/.ssh -> ../../root/.ssh",
        "/home/alice/.ssh",
        Err(
            "the link /home/alice/.ssh of 31001 is not followed: it leads to /root/.ssh, which belongs to root\nhint: write `/root/.ssh` if that is what is meant",
        ),
    ),
    row(
        "alice /home/alice/d -> /",
        "/home/alice/d/root/.ssh",
        Err(
            "the link /home/alice/d of 31001 is not followed: it leads to /, which belongs to root\nhint: write `/root/.ssh` if that is what is meant",
        ),
    ),
    row(
        "alice /home/alice/d -> /home/bob/dir",
        "/home/alice/d",
        Err(
            "the link /home/alice/d of 31001 is not followed: it leads to /home/bob/dir, which belongs to 31002\nhint: write `/home/bob/dir` if that is what is meant",
        ),
    ),
    row(
        "alice /tmp/link -> /etc",
        "/tmp/link",
        Err(
            "the link /tmp/link of 31001 is not followed: it leads to /etc, which belongs to root\nhint: write `/etc` if that is what is meant",
        ),
    ),
    row(
        "alice /home/alice/d -> dotfiles\nroot 0755 /home/alice/dotfiles/roots",
        "/home/alice/d/roots",
        Err(
            "the link /home/alice/d of 31001 is not followed: it leads to /home/alice/dotfiles/roots, which belongs to root\nhint: write `/home/alice/dotfiles/roots` if that is what is meant",
        ),
    ),
    row("alice /home/alice/d -> dotfiles", "/home/alice/d/..", Ok("/home/alice")),
    row(
        "alice /home/alice/d -> dotfiles",
        "/home/alice/d/../../bob",
        Err(
            "the link /home/alice/d of 31001 is not followed: it leads to /home, which belongs to root\nhint: write `/home/bob` if that is what is meant",
        ),
    ),
    row(
        "alice /home/alice/d -> e\nalice /home/alice/e -> /root",
        "/home/alice/d/.ssh",
        Err(
            "the link /home/alice/e of 31001 is not followed: it leads to /root, which belongs to root\nhint: write `/root/.ssh` if that is what is meant",
        ),
    ),
    row(
        "alice /home/alice/d -> /home/bob/back\nbob /home/bob/back -> /home/alice/dotfiles",
        "/home/alice/d",
        Err(
            "the link /home/bob/back of 31002 is not followed: it leads to /home/alice/dotfiles, which belongs to 31001\nhint: write `/home/alice/dotfiles` if that is what is meant",
        ),
    ),
    // Root's link in root's directory leads anywhere.
    row("root /var/run -> /run", "/var/run/app", Ok("/run/app")),
    row("root /lib -> usr/lib", "/lib", Ok("/usr/lib")),
    row(
        "root /etc/alternatives -> ../home/alice",
        "/etc/alternatives/dotfiles",
        Ok("/home/alice/dotfiles"),
    ),
    row("root /tmp/link -> /etc", "/tmp/link", Ok("/etc")),
    row(
        "root /srv -> /home/alice/d\nalice /home/alice/d -> /root",
        "/srv/.ssh",
        Err(
            "the link /home/alice/d of 31001 is not followed: it leads to /root, which belongs to root\nhint: write `/root/.ssh` if that is what is meant",
        ),
    ),
    // In a user's directory it counts as that user's, who may have put it there.
    row(
        "root /home/alice/d -> /root",
        "/home/alice/d/.ssh",
        Err(
            "the link /home/alice/d of root, in a directory of 31001, is not followed: it leads to /root, which belongs to root\nhint: write `/root/.ssh` if that is what is meant",
        ),
    ),
    row("root /home/alice/d -> dotfiles", "/home/alice/d/ssh", Ok("/home/alice/dotfiles/ssh")),
    row(
        "bob /home/alice/d -> /home/bob/dir",
        "/home/alice/d",
        Err(
            "the link /home/alice/d of 31002, in a directory of 31001, is not followed: it leads to /home/bob/dir, which belongs to 31002\nhint: write `/home/bob/dir` if that is what is meant",
        ),
    ),
    row(
        "alice 1777 /home/alice/sticky\nroot /home/alice/sticky/d -> /root",
        "/home/alice/sticky/d",
        Err(
            "the link /home/alice/sticky/d of root, in a directory of 31001, is not followed: it leads to /root, which belongs to root\nhint: write `/root` if that is what is meant",
        ),
    ),
    // Where others may write it is nobody's.
    row(
        "root 0777 /open\nroot /open/d -> /etc",
        "/open/d",
        Err(
            "the link /open/d of root is not followed: others may write to its directory, so anybody may have made it\nhint: write `/etc` if that is what is meant",
        ),
    ),
    row(
        "root 0775 /open\nroot /open/d -> /etc",
        "/open/d",
        Err(
            "the link /open/d of root is not followed: others may write to its directory, so anybody may have made it\nhint: write `/etc` if that is what is meant",
        ),
    ),
    row(
        "alice 0777 /home/alice/open\nalice /home/alice/open/d -> /home/alice/dotfiles",
        "/home/alice/open/d/ssh",
        Err(
            "the link /home/alice/open/d of 31001 is not followed: others may write to its directory, so anybody may have made it\nhint: write `/home/alice/dotfiles/ssh` if that is what is meant",
        ),
    ),
    // The acting user's own links lead anywhere; the system keeps that user from the rest. Root's do too.
    acting(
        ALICE,
        row("alice /home/alice/d -> /home/bob/dir", "/home/alice/d", Ok("/home/bob/dir")),
    ),
    acting(ALICE, row("root /var/run -> /run", "/var/run/app", Ok("/run/app"))),
    acting(ALICE, row("root /home/alice/d -> /run", "/home/alice/d/app", Ok("/run/app"))),
    acting(
        ALICE,
        row(
            "bob /home/bob/d -> /home/alice",
            "/home/bob/d",
            Err(
                "the link /home/bob/d of 31002 is not followed: it leads to /home/alice, which belongs to 31001\nhint: write `/home/alice` if that is what is meant",
            ),
        ),
    ),
    acting(
        ALICE,
        row(
            "bob /tmp/d -> /home/alice",
            "/tmp/d",
            Err(
                "the link /tmp/d of 31002 is not followed: it leads to /home/alice, which belongs to 31001\nhint: write `/home/alice` if that is what is meant",
            ),
        ),
    ),
    acting(ALICE, row("bob /home/bob/d -> dir", "/home/bob/d", Ok("/home/bob/dir"))),
    // Links that lead nowhere.
    row("alice /home/alice/d -> d", "/home/alice/d", Err("(nothing: Circle)")),
    row(
        "alice /home/alice/d -> e\nalice /home/alice/e -> d",
        "/home/alice/d/x",
        Err("(nothing: Circle)"),
    ),
    row("alice /home/alice/d -> /root/none", "/home/alice/d", Err("(nothing: Missing)")),
    row(
        "alice file /home/alice/f\nalice /home/alice/d -> f",
        "/home/alice/d",
        Err("(nothing: NoDirectory)"),
    ),
    row("alice file /home/alice/f", "/home/alice/f/..", Err("(nothing: NoDirectory)")),
];

/// The entries of a row, outermost first.
pub(crate) fn layout(row: &Row) -> Vec<(AbsPath, u32, Entry)> {
    let lines =
        COMMON.lines().chain(row.adds.lines()).map(str::trim).filter(|line| !line.is_empty());
    let entry = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let owner = match words[0] {
            "root" => ROOT,
            "alice" => ALICE,
            "bob" => BOB,
            other => panic!("nobody is called {other}"),
        };
        let (path, entry) = match words[1..] {
            [path, "->", text] => (path, Entry::Link(text.to_owned())),
            ["file", path] => (path, Entry::File),
            [mode, path] => (path, Entry::Directory(u16::from_str_radix(mode, 8).unwrap())),
            _ => panic!("{line}"),
        };
        (path.parse().unwrap(), owner, entry)
    };
    lines.map(entry).collect()
}

/// What a walk came to, in the words of the table.
pub(crate) fn told<E: std::fmt::Debug>(walked: Result<AbsPath, Stop<E>>) -> Result<String, String> {
    match walked {
        Ok(path) => Ok(path.to_string()),
        Err(Stop::Lost(why)) => Err(format!("(nothing: {why:?})")),
        Err(Stop::Refused(refused)) => {
            let name = |uid| (uid == ROOT).then(|| "root".to_owned());
            let failure = hep_protocol::outcome::Failure::from(refused.error(name));
            Err(format!("{}\nhint: {}", failure.message, failure.hint.unwrap_or_default()))
        }
        Err(Stop::Failed(error)) => Err(format!("{error:?}")),
    }
}

struct Memory {
    entries: BTreeMap<AbsPath, (u32, Entry)>,
    acting: u32,
}

impl Tree for Memory {
    type Dir = AbsPath;
    type Error = Infallible;

    fn top(&self) -> Result<AbsPath, Infallible> {
        Ok(AbsPath::root())
    }

    fn meet(&self, dir: &AbsPath, name: &str) -> Result<Met<AbsPath>, Infallible> {
        let path = dir.join(name).unwrap();
        Ok(match self.entries.get(&path) {
            Some((_, Entry::Directory(_))) => Met::Directory(path),
            Some((owner, Entry::Link(text))) => Met::Link(Link {
                text: text.clone(),
                owner: Account::Number(*owner),
                is_magic: false,
            }),
            Some((_, Entry::File)) => Met::Other,
            None => Met::Nothing,
        })
    }

    fn attrs(&self, dir: &AbsPath) -> Result<Attrs, Infallible> {
        let (owner, mode) = match self.entries.get(dir) {
            Some((owner, Entry::Directory(mode))) => (*owner, *mode),
            _ => (ROOT, 0o755),
        };
        let (owner, group) = (Account::Number(owner), Account::Number(0));
        Ok(Attrs { owner, group, mode: PermissionBits(mode), acl: crate::sys::files::Acl::AsItIs })
    }

    fn acting(&self) -> u32 {
        self.acting
    }
}

#[test]
fn links_are_followed_as_far_as_they_are_trusted() {
    for row in TABLE {
        let entries = layout(row).into_iter().map(|(path, owner, entry)| (path, (owner, entry)));
        let memory = Memory { entries: entries.collect(), acting: row.acting };
        let walked = walk(&memory, &row.path.parse().unwrap(), End::Directory);
        let expected = row.leads.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            told(walked.map(|walked| walked.way.path)),
            expected,
            "{} in {}",
            row.path,
            row.adds
        );
    }
}

/// What a link at the end of a path means, where it is to be followed.
#[test]
fn last_link_leads_only_to_what_lies_in_a_directory_of_its_user() {
    let follow = |adds: &'static str| {
        let row = row(adds, "/home/alice/x", Ok(""));
        let entries = layout(&row).into_iter().map(|(path, owner, entry)| (path, (owner, entry)));
        let memory = Memory { entries: entries.collect(), acting: ROOT };
        let walked = walk(&memory, &row.path.parse().unwrap(), End::Anything);
        told(walked.map(|walked| walked.way.path))
            .map_err(|error| error.lines().next().unwrap().to_owned())
    };
    let to = |path: &str| Ok(path.to_owned());
    let refused = |text: &str| {
        Err(format!("the link /home/alice/x of 31001 is not followed: it leads to {text}"))
    };
    assert_eq!(follow(""), to("/home/alice/x"));
    assert_eq!(follow("alice /home/alice/x -> dotfiles/rc"), to("/home/alice/dotfiles/rc"));
    assert_eq!(follow("alice file /home/alice/f\nalice /home/alice/x -> f"), to("/home/alice/f"));
    assert_eq!(follow("alice /home/alice/x -> /tmp/alices"), to("/tmp/alices"));
    assert_eq!(
        follow("root file /etc/shadow\nalice /home/alice/x -> /etc/shadow"),
        refused("/etc, which belongs to root")
    );
    assert_eq!(follow("alice /home/alice/x -> /etc/new"), refused("/etc, which belongs to root"));
    assert_eq!(
        follow("alice /home/alice/x -> /root/.ssh"),
        refused("/root/.ssh, which belongs to root")
    );
    assert_eq!(follow("alice /home/alice/x -> /none/new"), Err("(nothing: Missing)".to_owned()));
}

#[test]
fn path_is_guarded_if_only_root_and_the_acting_user_can_exchange_its_directories() {
    let guarded = |adds: &'static str, path: &'static str, acting: u32| {
        let row = row(adds, path, Ok(""));
        let entries = layout(&row).into_iter().map(|(path, owner, entry)| (path, (owner, entry)));
        let memory = Memory { entries: entries.collect(), acting };
        let path = guarded(&memory, &row.path.parse().unwrap()).ok().flatten();
        path.map(|path| path.to_string())
    };
    let way = |path: &str| Some(path.to_owned());
    assert_eq!(guarded("root /var/run -> /run", "/var/run/app", ROOT), way("/run/app"));
    assert_eq!(guarded("root 0700 /tmp/own", "/tmp/own", ROOT), way("/tmp/own"));
    assert_eq!(guarded("root 0755 /home/alice/roots", "/home/alice/roots", ROOT), None);
    assert_eq!(
        guarded("root 0755 /home/alice/roots", "/home/alice/roots", ALICE),
        way("/home/alice/roots")
    );
    assert_eq!(guarded("", "/home/alice", BOB), None);
    assert_eq!(guarded("root 0775 /open\nroot 0755 /open/own", "/open/own", ROOT), None);
}
