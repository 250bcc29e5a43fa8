//! Files that others may write are not obeyed: neither a config that nobody has named nor an inventory with passwords or arguments for `ssh`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A command that an attacker would have run, and the file by which that is seen.
const CONFIG: &str = "ssh:\n  password_command: touch PWNED\n";

/// A directory of the operator's with a hosts file and a manifest.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        // Nobody listens there: what is contacted is refused at once.
        place.write("hosts", "web1 host=127.0.0.1 port=1\n", 0o644);
        place.write("site.yml", "- command: {argv: [id]}\n", 0o644);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Standard error and exit code.
    fn hep(&self, words: &[&str]) -> (String, Option<i32>) {
        let mut hep = Command::new(env!("CARGO_BIN_EXE_hep"));
        hep.args(words).current_dir(self.0.path()).stdin(Stdio::null()).env_remove("SUDO_UID");
        let output = hep.output().unwrap();
        (String::from_utf8(output.stderr).unwrap(), output.status.code())
    }

    fn refuses(&self, words: &[&str], expected: &[&str]) {
        let (err, code) = self.hep(words);
        assert_eq!(code, Some(2), "{words:?}: {err}");
        assert!(expected.iter().all(|part| err.contains(part)), "{words:?}: {err}");
        assert!(!self.path("PWNED").exists(), "{words:?}");
    }
}

const PUSH: [&str; 4] = ["push", "-i", "hosts", "site.yml"];

#[test]
fn config_that_others_may_write_is_not_taken_unasked() {
    for name in ["hep.yml", "config.yml"] {
        let place = Place::new();
        place.write(name, CONFIG, 0o666);
        let named = format!("`-c {name}`");
        for words in [PUSH.as_slice(), &["facts", "-i", "hosts", "all"], &["hosts", "-i", "hosts"]]
        {
            place.refuses(words, &[&named, "others may write", "0666"]);
        }
        // Named, it is the operator's own wish.
        let (err, code) = place.hep(&[PUSH.as_slice(), &["-c", name]].concat());
        assert_eq!((code, place.path("PWNED").exists()), (Some(2), true), "{err}");
    }
}

#[test]
fn config_of_another_user_or_in_a_directory_of_all_is_not_taken_unasked() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    place.write("config.yml", CONFIG, 0o644);
    chown(place.path("config.yml"), Some(65_534), None).unwrap();
    place.refuses(&PUSH, &["`-c config.yml`", "belongs to `nobody`"]);
    chown(place.path("config.yml"), Some(0), None).unwrap();
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o777)).unwrap();
    place.refuses(&PUSH, &["`-c config.yml`", "0777"]);
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (err, _) = place.hep(&PUSH);
    assert!(place.path("PWNED").exists(), "{err}");
}

#[test]
fn config_of_another_program_stops_nothing() {
    let place = Place::new();
    let check = |text: &str, expected: &str| {
        place.write("config.yml", text, 0o666);
        let (err, code) = place.hep(&["hosts", "-i", "hosts"]);
        assert_eq!((err.as_str(), code), (expected, Some(0)), "{text}");
    };
    check("title: Blog\nserver: {port: 80}\n", "");
    check("jobs: [\n", "");
    check(
        "log_level: info\nlisteners: [a]\n",
        "warning: config.yml is ignored: it has `listeners`, which is not a key of hep's config; hep's own config is `hep.yml`, or is \
         named with `-c`\n",
    );
    // A config of hep's own by its side is found.
    place.write("hep.yml", "hosts: hosts\n", 0o644);
    assert_eq!(place.hep(&["hosts"]), (String::new(), Some(0)));
    // A slip in a config of hep's is told.
    fs::remove_file(place.path("hep.yml")).unwrap();
    place.write("config.yml", "manifset: x\n", 0o644);
    place.refuses(&["hosts", "-i", "hosts"], &["unknown key `manifset`"]);
}

#[test]
fn inventory_with_passwords_that_others_may_write_is_refused() {
    let place = Place::new();
    for setting in [
        "password=secret",
        "ansible_ssh_pass=secret",
        "password_command='touch PWNED'",
        "become_password=secret",
        "become_password_command='touch PWNED'",
    ] {
        let line = format!("web1 host=127.0.0.1 port=1 {setting}\n");
        place.write("hosts", &line, 0o666);
        for options in [&[][..], &["-b"]] {
            place.refuses(&[&PUSH, options].concat(), &["others may write", "0666", "-->"]);
        }
        // What is shown of it does no harm.
        assert_eq!(place.hep(&["hosts", "-i", "hosts"]).1, Some(0), "{setting}");
    }
    place.write("hosts", "web1 host=127.0.0.1 port=1 password=secret\n", 0o644);
    let (err, code) = place.hep(&PUSH);
    assert_eq!(code, Some(3), "{err}");
    // What `ssh` is told may name a program, too.
    let proxy = "-o 'ProxyCommand=touch PWNED'";
    place.write("hosts", &format!("web1 ansible_ssh_common_args=\"{proxy}\"\n"), 0o666);
    for options in [&[][..], &["--transport", "openssh"]] {
        place.refuses(
            &[&PUSH, options].concat(),
            &["`ansible_ssh_common_args`", "others may write"],
        );
    }
    place.write("hosts", "web1 host=127.0.0.1 port=1\n", 0o644);
    fs::create_dir(place.path("group_vars")).unwrap();
    place.write("group_vars/all.yml", &format!("ansible_ssh_extra_args: \"{proxy}\"\n"), 0o666);
    place.refuses(&PUSH, &["`ansible_ssh_extra_args`", "others may write"]);
    fs::remove_file(place.path("group_vars/all.yml")).unwrap();
    // Without passwords it is as harmless as a list of names.
    place.write("hosts", "web1 host=127.0.0.1 port=1\n", 0o666);
    assert_eq!(place.hep(&PUSH).1, Some(3));
}

#[test]
fn config_by_yamls_other_ending_is_told() {
    let place = Place::new();
    place.write("hep.yaml", "hosts: hosts\n", 0o644);
    let (err, _) = place.hep(&["hosts", "-i", "hosts"]);
    assert!(err.starts_with("warning: hep.yaml is ignored: "), "{err}");
    place.write("hep.yml", "hosts: hosts\n", 0o644);
    assert_eq!(place.hep(&["hosts"]), (String::new(), Some(0)));
}

#[test]
fn a_forwarded_port_is_not_taken_for_this_machine() {
    let place = Place::new();
    place.write("hosts", "localhost port=1\n", 0o644);
    let mut hep = Command::new(env!("CARGO_BIN_EXE_hep"));
    let output = hep.args(PUSH).current_dir(place.0.path()).stdin(Stdio::null()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("unreachable") && !out.contains("--transport local"), "{out}");
}

#[test]
fn setting_by_another_name_is_told() {
    let place = Place::new();
    let check = |line: &str, expected: Option<&str>| {
        place.write("hosts", line, 0o644);
        let (err, code) = place.hep(&["hosts", "-i", "hosts"]);
        assert_eq!(code, Some(0), "{err}");
        match expected {
            None => assert_eq!(err, "", "{line}"),
            Some(meant) => {
                let told = format!("did you mean {meant}?");
                assert!(err.starts_with("warning: ") && err.contains(&told), "{line}: {err}");
                assert_eq!(err.lines().count(), 1, "{err}");
            }
        }
    };
    let host = Some("`host`, or `ansible_host` in YAML");
    check("web1 hostname=192.0.2.1\n", host);
    check("web1 ip=192.0.2.1\nweb2 ip=192.0.2.2\n", host);
    check("web1 address=192.0.2.1\n", host);
    check("web1 username=op\n", Some("`user`, or `ansible_user` in YAML"));
    check("web1 ssh_port=2222\n", Some("`port`, or `ansible_port` in YAML"));
    check("web1 passwd=x\n", Some("`password`, or `ansible_password` in YAML"));
    check("web1 key_file=/k\n", Some("`private_key`, or `ansible_private_key_file` in YAML"));
    check("web1 identity=/k\n", Some("`private_key`, or `ansible_private_key_file` in YAML"));
    check("web1 ansible_hosts=192.0.2.1\n", Some("`ansible_host`"));
    check("web1 ansible_pass=x\n", Some("`ansible_password`"));
    check("web1 ansible_ssh_key=/k\n", Some("`ansible_private_key_file`"));
    check("web1 connection=local\n", Some("`ansible_connection`"));
    let sudo = Some("`ansible_become_pass`");
    check("web1 ansible_sudo_pass=x\n", sudo);
    check("[web]\nweb1\n[web:vars]\nansible_sudo_pass=x\n", sudo);
    // Then they are variables.
    check("web1 connection=postgres\n", None);
    check("web1 ansible_sudo_pass=x ansible_become_password=y\n", None);
    check("web1 host=192.0.2.1 ip=10.0.0.1\n", None);
    check("web1 ansible_host=192.0.2.1 hostname=web\n", None);
    check("web1 username=app user=op\n", None);
    check("[web]\nweb1\n[web:vars]\nip=10.0.0.1\n", None);
}
