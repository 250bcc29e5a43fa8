//! The line, in every shell that this machine has.

use super::*;
use std::io::Write as _;
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

fn parcel(agent: &[u8], rest: &str) -> Vec<u8> {
    let mut bytes = Delivery::of(agent).parts().concat();
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn known(agent: &[u8]) -> [Known; 1] {
    [Known::new(std::env::consts::ARCH, agent)]
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
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let output =
            say(shell, home.path(), &Launcher::named(TOKEN, &[]), &parcel(AGENT, "rest\n"));
        let [first, second, third] = lines(&output).try_into().unwrap_or_else(|lines| {
            panic!("{shell}: {lines:?} {}", String::from_utf8_lossy(&output.stderr))
        });
        assert_eq!(first, "hep-0123456789abcdef waits MACHINE", "{shell}");
        assert!(second.ends_with("/.hep-0123456789abcdef/hep-agent serve"), "{shell}: {second}");
        assert_eq!(third, "rest", "{shell}");
        // Agents that other tests run tidy up there too.
        std::fs::remove_dir_all("/var/tmp/.hep-0123456789abcdef").ok();
    }
}

#[test]
fn a_kept_agent_is_started_at_once_and_another_in_its_place_is_not() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join(".cache/hep/agents");
        let launcher = Launcher::named(TOKEN, &known(AGENT));
        let sent = || lines(&say(shell, home.path(), &launcher, &parcel(AGENT, "rest\n")));
        let kept = || lines(&say(shell, home.path(), &launcher, b"rest\n"));
        let place = cache.join(&known(AGENT)[0].sha256).join("hep-agent");
        let serve = format!("{} serve", place.display());
        let (waits, keeps) =
            ("hep-0123456789abcdef waits MACHINE", "hep-0123456789abcdef kept MACHINE");
        let stale = cache.join("0".repeat(64));
        assert_eq!(sent(), [waits, &serve, "rest"], "{shell}");
        assert_eq!(kept(), [keeps, &serve, "rest"], "{shell}");
        std::fs::create_dir(&stale).unwrap();
        std::fs::write(stale.join("hep-agent"), "old").unwrap();

        let spoil: [(&str, &dyn Fn()); 5] = [
            ("altered", &|| std::fs::write(&place, "#!/bin/sh\necho evil\n").unwrap()),
            ("for all to write", &|| {
                let all = std::os::unix::fs::PermissionsExt::from_mode(0o722);
                std::fs::set_permissions(&place, all).unwrap();
            }),
            ("a link", &|| {
                let aside = home.path().join("aside");
                std::fs::rename(&place, &aside).unwrap();
                std::os::unix::fs::symlink(&aside, &place).unwrap();
            }),
            ("another's", &|| std::os::unix::fs::chown(&place, Some(4321), None).unwrap()),
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
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&agents, all).unwrap();
    let launcher = Launcher::named(TOKEN + 1, &known(AGENT));
    let output = say("sh", home.path(), &launcher, &parcel(AGENT, ""));
    let said = lines(&output);
    assert!(said[1].ends_with("/.hep-0123456789abcdf0/hep-agent serve"), "{said:?}");
    assert!(!said[1].contains(".cache"), "{said:?}");
    std::fs::remove_dir_all(Path::new(&said[1].replace("/hep-agent serve", ""))).ok();
}

#[test]
fn a_stream_that_breaks_off_leaves_nothing() {
    for shell in shells() {
        for keep in [&[][..], &known(AGENT)] {
            let home = tempfile::tempdir().unwrap();
            let launcher = Launcher::named(TOKEN + 2, keep);
            let whole = parcel(&[AGENT, &[b'#'; 10_000]].concat(), "");
            let output = say(shell, home.path(), &launcher, &whole[..9000]);
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(refusals(&stderr).unwrap().ends_with("write failed"), "{shell}: {stderr}");
            assert!(!Path::new("/var/tmp/.hep-0123456789abcdf1").exists(), "{shell}");
            assert!(!home.path().join(".cache/hep/agents/.hep-0123456789abcdf1").exists());
        }
    }
}

#[test]
fn an_agent_that_cannot_be_started_leaves_nothing() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let launcher = Launcher::named(TOKEN + 3, &[]);
        let output = say(shell, home.path(), &launcher, &parcel(b"#!/no/such/interpreter\n", ""));
        assert!(!output.status.success(), "{shell}");
        assert!(!Path::new("/var/tmp/.hep-0123456789abcdf2").exists(), "{shell}: {output:?}");
    }
}
