//! The line, in every shell that this machine has.

use super::*;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const TOKEN: u64 = 0x0123_4567_89ab_cdef;

/// Says what it is called and what it reads.
const AGENT: &[u8] = b"#!/bin/sh\necho \"$0 $1\"; cat; exit\n";

/// The line in a login shell whose home directory this is, with `input` sent to it.
fn say(login_shell: &str, home: &Path, launcher: &Launcher, input: &[u8]) -> Output {
    let mut words = login_shell.split(' ');
    let mut child = Command::new(words.next().unwrap())
        .args(words)
        .arg("-c")
        .arg(launcher.command())
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).ok();
    child.wait_with_output().unwrap()
}

fn parcel(agent: &[u8], form: Form, rest: &str) -> Vec<u8> {
    let mut bytes = Delivery::of(&Agent::of(agent.to_vec()), form).parts().concat();
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn known(agent: &[u8]) -> [Known; 1] {
    [Known::new(std::env::consts::ARCH, &Agent::of(agent.to_vec()))]
}

/// What the shell says of itself first, with the machine left out.
fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let system = format!("Linux {}", std::env::consts::ARCH);
    text.lines().map(|line| line.replace(&system, "MACHINE")).collect()
}

fn shells() -> impl Iterator<Item = &'static str> {
    let all = ["dash", "bash", "zsh", "fish", "tcsh", "mksh", "busybox sh"];
    let there = |shell: &&str| {
        let program = shell.split(' ').next().unwrap_or_default();
        ["/bin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(program).exists())
    };
    all.into_iter().filter(there)
}

#[test]
fn the_line_is_one_for_every_shell() {
    for known in [&[][..], &known(AGENT)] {
        let launcher = Launcher::named(TOKEN, known);
        let line = launcher.command();
        let text = line.strip_prefix("exec sh -c '").unwrap();
        let text = text.strip_suffix("' hep 0123456789abcdef").unwrap();
        assert!(!text.contains(['\'', '!', '\\', '\n']), "{text}");
    }
}

#[test]
fn the_agent_is_found_in_what_is_sent_and_the_rest_is_its_own() {
    for (shell, form) in
        shells().flat_map(|shell| [Form::Packed, Form::Plain].map(|form| (shell, form)))
    {
        let home = tempfile::tempdir().unwrap();
        let launcher = Launcher::named(TOKEN, &[]);
        let output = say(shell, home.path(), &launcher, &parcel(AGENT, form, "rest\n"));
        let [first, second, third] = lines(&output).try_into().unwrap_or_else(|lines| {
            panic!("{shell}: {lines:?} {}", String::from_utf8_lossy(&output.stderr))
        });
        assert_eq!(first, "hep-0123456789abcdef unpacks MACHINE", "{shell}");
        assert!(second.ends_with("/.hep-0123456789abcdef/hep-agent serve"), "{shell}: {second}");
        assert_eq!(third, "rest", "{shell}");
        // Agents that other tests run tidy up there too.
        std::fs::remove_dir_all("/var/tmp/.hep-0123456789abcdef").ok();
    }
}

#[test]
fn a_host_without_gzip_says_so() {
    let programs = tempfile::tempdir().unwrap();
    for program in ["sh", "uname", "mkdir", "chmod", "dd", "wc", "rm", "cat"] {
        let original = Path::new("/bin").join(program);
        symlink(original, programs.path().join(program)).unwrap();
    }
    let home = tempfile::tempdir().unwrap();
    let mut launcher = Launcher::named(TOKEN + 4, &[]);
    launcher.command = format!("PATH={}; {}", programs.path().display(), launcher.command);
    let output = say("dash", home.path(), &launcher, &parcel(AGENT, Form::Plain, "rest\n"));
    let said = lines(&output);
    assert_eq!(said[0], "hep-0123456789abcdf3 waits MACHINE");
    assert!(said[1].ends_with("/.hep-0123456789abcdf3/hep-agent serve"), "{said:?}");
    std::fs::remove_dir_all("/var/tmp/.hep-0123456789abcdf3").ok();
}

/// What SFTP brings, in the first directory.
fn place(launcher: &Launcher, content: &[u8]) -> Place {
    let place = launcher.place("/var/tmp");
    std::fs::create_dir(&place.directory).unwrap();
    std::fs::write(&place.packed, content).unwrap();
    place
}

#[test]
fn what_lies_there_is_unpacked_and_started() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let launcher = Launcher::named(TOKEN + 5, &[]);
        let place = place(&launcher, Agent::of(AGENT.to_vec()).packed());
        let input = run(&place, Form::Packed) + "rest\n";
        let output = say(shell, home.path(), &launcher, input.as_bytes());
        let said = lines(&output);
        assert_eq!(said[1..], [format!("{} serve", place.file), "rest".to_owned()], "{shell}");
        assert!(!Path::new(&place.packed).exists(), "{shell}");
        std::fs::remove_dir_all(&place.directory).ok();
    }
}

#[test]
fn what_is_not_whole_is_not_started_and_does_not_stay() {
    let agent = Agent::of([AGENT, &[b'#'; 10_000]].concat());
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let launcher = Launcher::named(TOKEN + 6, &[]);
        let place = place(&launcher, &agent.packed()[..4090]);
        let input = run(&place, Form::Packed);
        let output = say(shell, home.path(), &launcher, input.as_bytes());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains(upload::NOT_UNPACKED), "{shell}: {stderr}");
        assert_eq!(output.status.code(), Some(126), "{shell}");
        assert_eq!(lines(&output).len(), 1, "{shell}");
        assert!(!Path::new(&place.directory).exists(), "{shell}");
    }
}

#[test]
fn a_line_that_is_cut_during_the_upload_leaves_nothing() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let launcher = Launcher::named(TOKEN + 7, &[]);
        let place = place(&launcher, b"half an agent");
        say(shell, home.path(), &launcher, b"");
        assert!(!Path::new(&place.directory).exists(), "{shell}");
    }
}

#[test]
fn a_kept_agent_is_started_at_once_and_another_in_its_place_is_not() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join(".cache/hep/agents");
        let launcher = Launcher::named(TOKEN, &known(AGENT));
        let sent =
            || lines(&say(shell, home.path(), &launcher, &parcel(AGENT, Form::Packed, "rest\n")));
        let kept = || lines(&say(shell, home.path(), &launcher, b"rest\n"));
        let place = cache.join(&known(AGENT)[0].sha256).join("hep-agent");
        let serve = format!("{} serve", place.display());
        let (waits, keeps) =
            ("hep-0123456789abcdef unpacks MACHINE", "hep-0123456789abcdef kept MACHINE");
        let stale = cache.join("0".repeat(64));
        assert_eq!(sent(), [waits, &serve, "rest"], "{shell}");
        assert_eq!(kept(), [keeps, &serve, "rest"], "{shell}");
        std::fs::create_dir(&stale).unwrap();
        std::fs::write(stale.join("hep-agent"), "old").unwrap();

        let spoil: [(&str, &dyn Fn()); 5] = [
            ("altered", &|| std::fs::write(&place, "#!/bin/sh\necho evil\n").unwrap()),
            ("for all to write", &|| {
                let all = PermissionsExt::from_mode(0o722);
                std::fs::set_permissions(&place, all).unwrap();
            }),
            ("a link", &|| {
                let aside = home.path().join("aside");
                std::fs::rename(&place, &aside).unwrap();
                symlink(&aside, &place).unwrap();
            }),
            ("another's", &|| chown(&place, Some(4321), None).unwrap()),
            ("a directory", &|| {
                std::fs::remove_file(&place).unwrap();
                std::fs::create_dir_all(place.join("x")).unwrap();
            }),
        ];
        for (what, spoil) in spoil {
            spoil();
            assert_eq!(kept(), [waits], "{shell}: {what}");
            assert_eq!(sent(), [waits, &serve, "rest"], "{shell}: {what}");
            assert_eq!(kept(), [keeps, &serve, "rest"], "{shell}: {what}");
        }
        assert!(!stale.exists(), "{shell}");
        let left: Vec<_> = std::fs::read_dir(&cache).unwrap().collect();
        assert_eq!(left.len(), 1, "{shell}: {left:?}");
    }
}

#[test]
fn a_directory_that_others_may_write_to_keeps_nothing() {
    let home = tempfile::tempdir().unwrap();
    let agents = home.path().join(".cache/hep/agents");
    std::fs::create_dir_all(&agents).unwrap();
    let all = PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&agents, all).unwrap();
    let launcher = Launcher::named(TOKEN + 1, &known(AGENT));
    let output = say("sh", home.path(), &launcher, &parcel(AGENT, Form::Plain, ""));
    let said = lines(&output);
    assert!(said[1].ends_with("/.hep-0123456789abcdf0/hep-agent serve"), "{said:?}");
    assert!(!said[1].contains(".cache"), "{said:?}");
    std::fs::remove_dir_all(Path::new(&said[1].replace("/hep-agent serve", ""))).ok();
}

/// Lays out a home, beside the directory of another user.
type Lay = fn(&Path, &Path);

/// What a home may look like beside another user's directory, and whether its cache is used.
const LAYOUTS: [(&str, Lay, bool); 7] = [
    (
        "a link to another user's directory",
        |home, other| symlink(other, home.join(".cache")).unwrap(),
        false,
    ),
    (
        "a link to what is ours in another user's directory",
        |home, other| {
            std::fs::create_dir(other.join("ours")).unwrap();
            symlink(other.join("ours"), home.join(".cache")).unwrap();
        },
        false,
    ),
    (
        "a link to what is not there yet in another user's directory",
        |home, other| {
            symlink(other.join("none"), home.join(".cache")).unwrap();
        },
        false,
    ),
    (
        "another user's directory",
        |home, _| {
            std::fs::create_dir(home.join(".cache")).unwrap();
            chown(home.join(".cache"), Some(4321), None).unwrap();
        },
        false,
    ),
    (
        "a home that others may write to",
        |home, _| {
            std::fs::set_permissions(home, PermissionsExt::from_mode(0o777)).unwrap();
        },
        false,
    ),
    (
        "a link to a directory of ours",
        |home, _| {
            std::fs::create_dir(home.join("kept")).unwrap();
            symlink("kept", home.join(".cache")).unwrap();
        },
        true,
    ),
    ("nothing yet", |_, _| {}, true),
];

/// The owner of a directory above can replace it between the check and the start. Needs root.
#[test]
fn a_cache_in_what_another_user_can_exchange_is_not_used() {
    if !users::get_current_uid().eq(&0) {
        return;
    }
    for shell in shells() {
        for (what, lay, used) in LAYOUTS {
            let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            chown(other.path(), Some(4321), None).unwrap();
            lay(home.path(), other.path());
            let before = std::fs::read_dir(other.path()).unwrap().count();
            let launcher = Launcher::named(TOKEN + 8, &known(AGENT));
            let sent = lines(&say(shell, home.path(), &launcher, &parcel(AGENT, Form::Packed, "")));
            assert_eq!(sent[1].contains("/hep/agents/"), used, "{shell}: {what}: {sent:?}");
            let again = lines(&say(shell, home.path(), &launcher, b""));
            assert_eq!(again[0].contains(" kept "), used, "{shell}: {what}: {again:?}");
            assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), before, "{shell}: {what}");
            // An agent that is put where the cache would be is not run either.
            let place = home.path().join(".cache/hep/agents").join(&known(AGENT)[0].sha256);
            if !used && std::fs::create_dir_all(&place).is_ok() {
                std::fs::write(place.join("hep-agent"), AGENT).unwrap();
                let mode = || PermissionsExt::from_mode(0o700);
                let parts = place
                    .ancestors()
                    .take(3)
                    .chain([place.join("hep-agent").as_path()])
                    .map(Path::to_owned)
                    .collect::<Vec<_>>();
                parts.iter().for_each(|part| std::fs::set_permissions(part, mode()).unwrap());
                let again = lines(&say(shell, home.path(), &launcher, b""));
                assert!(again[0].contains(" unpacks "), "{shell}: {what}: {again:?}");
            }
            std::fs::remove_dir_all("/var/tmp/.hep-0123456789abcdf7").ok();
        }
    }
}

#[test]
fn a_stream_that_breaks_off_leaves_nothing() {
    let noise: Vec<u8> = (0..40_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    for shell in shells() {
        for keep in [&[][..], &known(AGENT)] {
            for form in [Form::Packed, Form::Plain] {
                let home = tempfile::tempdir().unwrap();
                let launcher = Launcher::named(TOKEN + 2, keep);
                let whole = parcel(&[AGENT, &noise].concat(), form, "");
                let output = say(shell, home.path(), &launcher, &whole[..9000]);
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                let refusals = refusals(&stderr).unwrap_or_else(|| panic!("{shell}: {stderr}"));
                assert!(refusals.ends_with("write failed"), "{shell}: {stderr}");
                assert!(!Path::new("/var/tmp/.hep-0123456789abcdf1").exists(), "{shell}");
                assert!(!home.path().join(".cache/hep/agents/.hep-0123456789abcdf1").exists());
            }
        }
    }
}

#[test]
fn an_agent_that_cannot_be_started_leaves_nothing() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let launcher = Launcher::named(TOKEN + 3, &[]);
        let parcel = parcel(b"#!/no/such/interpreter\n", Form::Packed, "");
        let output = say(shell, home.path(), &launcher, &parcel);
        assert!(!output.status.success(), "{shell}");
        assert!(!Path::new("/var/tmp/.hep-0123456789abcdf2").exists(), "{shell}: {output:?}");
    }
}
