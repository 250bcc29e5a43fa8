//! The policy's facts, on real files in a temporary directory.

use super::*;
use crate::remote::known_hosts::Form;
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers always the same, and counts.
struct Answer(io::Result<bool>, AtomicUsize);

impl Answer {
    fn yes() -> Answer {
        Answer(Ok(true), AtomicUsize::new(0))
    }
    fn no() -> Answer {
        Answer(Ok(false), AtomicUsize::new(0))
    }
    fn nobody() -> Answer {
        Answer(Err(io::ErrorKind::NotFound.into()), AtomicUsize::new(0))
    }
    fn asked(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }
}

impl Confirm for Answer {
    fn passphrase(&self, _question: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn confirm(&self, _question: &str) -> io::Result<bool> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.as_ref().copied().map_err(|error| error.kind().into())
    }
}

fn key(byte: u8) -> PublicKey {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend([byte; 32]);
    PublicKey::from_blob(&blob).unwrap()
}

fn target(host: &str, port: u16) -> Target {
    Target { name: "shop".to_owned(), address: host.to_owned(), port, ..Target::default() }
}

fn shown<'a>(target: &'a Target, key: &'a PublicKey) -> Shown<'a> {
    static DEMANDS: LazyLock<Demands> = LazyLock::new(Demands::default);
    Shown { target, key, certificate: None, demands: &DEMANDS, now: SystemTime::now() }
}

struct Setting {
    _directory: tempfile::TempDir,
    file: PathBuf,
    keys: HostKeys,
}

fn setting(text: Option<&str>) -> Setting {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("home/.ssh/known_hosts");
    if let Some(text) = text {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let keys = HostKeys::read(std::slice::from_ref(&file), Some(file.clone()));
    Setting { _directory: directory, file, keys }
}

fn admit(
    setting: &Setting,
    byte: u8,
    policy: HostKeyPolicy,
    answer: &Answer,
) -> Result<(), Problem> {
    let key = key(byte);
    let target = target("web1", 2222);
    let shown = shown(&target, &key);
    setting.keys.admit(&shown, policy, answer).map(drop)
}

fn line(byte: u8) -> String {
    known_hosts::line("web1", 2222, &key(byte), Form::Plain)
}

#[test]
fn accept_new_records_once_in_private_files() {
    let setting = setting(None);
    for _ in 0..2 {
        admit(&setting, 1, HostKeyPolicy::AcceptNew, &Answer::nobody()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&setting.file).unwrap(), line(1));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&setting.file), 0o600);
    assert_eq!(mode(setting.file.parent().unwrap()), 0o700);
    // What was recorded binds this run and the next.
    admit(&setting, 2, HostKeyPolicy::AcceptNew, &Answer::yes()).unwrap_err();
    let next = HostKeys::read(std::slice::from_ref(&setting.file), None);
    let key = key(1);
    let target = target("web1", 2222);
    let shown = shown(&target, &key);
    next.admit(&shown, HostKeyPolicy::Strict, &Answer::nobody()).unwrap();
}

#[test]
fn a_last_line_without_end_is_not_spoilt() {
    let setting = setting(Some("# mine"));
    admit(&setting, 1, HostKeyPolicy::AcceptNew, &Answer::nobody()).unwrap();
    assert_eq!(std::fs::read_to_string(&setting.file).unwrap(), format!("# mine\n{}", line(1)));
    let problem = admit(&setting, 2, HostKeyPolicy::Strict, &Answer::nobody()).unwrap_err();
    assert!(problem.what.contains("known_hosts:2 has"), "{}", problem.what);
}

#[test]
fn strict_refuses_an_unknown_key_and_says_how_to_trust_it() {
    let problem = admit(&setting(None), 1, HostKeyPolicy::Strict, &Answer::yes()).unwrap_err();
    assert_eq!(
        problem.what,
        "the ED25519 key SHA256:RXm/ruZ0eTzRXKwi1AQEDynB0VgHQ2ac9KPSFdf/YnA of [web1]:2222 is not known"
    );
    assert_eq!(
        problem.hint.unwrap(),
        "compare the fingerprint, then run `ssh-keyscan -p 2222 -t ed25519 web1 >> ~/.ssh/known_hosts`, or use \
         `--host-key accept-new`"
    );
}

#[test]
fn ask_asks_once_and_remembers_yes() {
    let (setting, answer) = (setting(None), Answer::yes());
    for _ in 0..2 {
        admit(&setting, 1, HostKeyPolicy::Ask, &answer).unwrap();
    }
    assert_eq!(answer.asked(), 1);
    assert_eq!(std::fs::read_to_string(&setting.file).unwrap(), line(1));
}

#[test]
fn ask_takes_no_for_an_answer_and_refuses_without_a_terminal() {
    let setting = setting(None);
    admit(&setting, 1, HostKeyPolicy::Ask, &Answer::no()).unwrap_err();
    assert!(!setting.file.exists());
    let setting = self::setting(None);
    let problem = admit(&setting, 1, HostKeyPolicy::Ask, &Answer::nobody()).unwrap_err();
    assert!(problem.what.contains("nobody could be asked"), "{}", problem.what);
    assert!(problem.hint.unwrap().contains("`--host-key accept-new`"));
    assert!(!setting.file.exists());
}

#[test]
fn a_changed_key_is_refused_by_all_but_off_and_both_are_named() {
    let setting = setting(Some(&line(2)));
    for policy in
        [HostKeyPolicy::Ask, HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew, HostKeyPolicy::Lax]
    {
        let answer = Answer::yes();
        let problem = admit(&setting, 1, policy, &answer).unwrap_err();
        assert_eq!(answer.asked(), 0);
        for part in [&key(1).fingerprint(), &key(2).fingerprint(), "known_hosts:1"] {
            assert!(problem.what.contains(part), "{}", problem.what);
        }
        let hint = problem.hint.unwrap();
        assert!(hint.contains("-R '[web1]:2222'`"));
        assert_eq!(hint.contains("`--host-key off`"), policy == HostKeyPolicy::Lax, "{hint}");
    }
    admit(&setting, 1, HostKeyPolicy::Off, &Answer::nobody()).unwrap();
    assert_eq!(std::fs::read_to_string(&setting.file).unwrap(), line(2));
}

#[test]
fn a_key_of_another_type_is_no_new_host() {
    let setting = setting(Some("[web1]:2222 ssh-rsa AAAAB3NzaC1yc2E=\n"));
    admit(&setting, 1, HostKeyPolicy::AcceptNew, &Answer::yes()).unwrap_err();
    admit(&setting, 1, HostKeyPolicy::Strict, &Answer::yes()).unwrap_err();
    admit(&setting, 1, HostKeyPolicy::Ask, &Answer::yes()).unwrap();
}

#[test]
fn a_revoked_key_is_refused() {
    let setting = setting(Some(&format!("{}@revoked {}", line(1), line(1))));
    let problem = admit(&setting, 1, HostKeyPolicy::AcceptNew, &Answer::yes()).unwrap_err();
    assert!(problem.what.contains("is revoked by"), "{}", problem.what);
}

#[test]
fn many_threads_record_whole_lines() {
    let setting = setting(None);
    std::thread::scope(|scope| {
        for number in 0..32_u16 {
            let keys = &setting.keys;
            scope.spawn(move || {
                let key = key(u8::try_from(number).unwrap());
                let target = target(&format!("web{number}"), 22);
                let shown = shown(&target, &key);
                keys.admit(&shown, HostKeyPolicy::AcceptNew, &Answer::nobody()).unwrap();
            });
        }
    });
    let again = HostKeys::read(std::slice::from_ref(&setting.file), None);
    assert_eq!(again.warnings(), &[] as &[String]);
    assert_eq!(std::fs::read_to_string(&setting.file).unwrap().lines().count(), 32);
}

#[test]
fn wrong_lines_are_warnings() {
    let setting = setting(Some("nonsense\n"));
    let warnings = setting.keys.warnings();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].ends_with("known_hosts:1: line passed over: no key type"), "{warnings:?}");
}

#[test]
fn a_question_names_the_host_as_the_inventory_does_and_whose_key_it_is_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("known_hosts");
    let hashed = known_hosts::line("db", 22, &key(1), Form::Hashed { salt: [7; 20] });
    let lines = format!(
        "web2,10.0.0.2 {}{hashed}",
        known_hosts::line("", 22, &key(1), Form::Plain).trim_start()
    );
    std::fs::write(&file, lines).unwrap();
    let keys = HostKeys::read(std::slice::from_ref(&file), None);
    let check = |target: &Target, byte: u8, expected: &[&str]| {
        let question = keys.question(&shown(target, &key(byte))).unwrap();
        let lines: Vec<&str> = question.lines().collect();
        let around = |lines: &[&str]| [&lines[..1], &lines[2..lines.len() - 1]].concat().join("\n");
        let expected = expected.join("\n").replace("FILE", &file.display().to_string());
        assert_eq!(around(&lines), expected);
    };
    check(
        &target("10.0.0.1", 2222),
        1,
        &[
            "The authenticity of host 'shop ([10.0.0.1]:2222)' can't be established.",
            "This host key is known by the following other names/addresses:",
            "    FILE:1: web2,10.0.0.2",
            "    FILE:2: [hashed name]",
        ],
    );
    check(
        &target("shop", 22),
        2,
        &[
            "The authenticity of host 'shop' can't be established.",
            "This key is not known by any other names.",
        ],
    );
}

#[test]
fn a_no_is_for_the_whole_run_and_for_this_key() {
    let (setting, answer) = (setting(None), Answer::no());
    for _ in 0..2 {
        admit(&setting, 1, HostKeyPolicy::Ask, &answer).unwrap_err();
    }
    assert_eq!(answer.asked(), 1);
    admit(&setting, 2, HostKeyPolicy::Ask, &answer).unwrap_err();
    assert_eq!(answer.asked(), 2);
}

#[test]
fn two_runs_do_not_record_two_keys() {
    let setting = setting(None);
    let other = HostKeys::read(std::slice::from_ref(&setting.file), Some(setting.file.clone()));
    admit(&setting, 1, HostKeyPolicy::AcceptNew, &Answer::nobody()).unwrap();
    let (target, key) = (target("web1", 2222), key(2));
    let late = other.admit(&shown(&target, &key), HostKeyPolicy::AcceptNew, &Answer::nobody());
    let problem = late.unwrap_err();
    assert!(problem.what.contains("known_hosts:1 has"), "{}", problem.what);
    assert_eq!(std::fs::read_to_string(&setting.file).unwrap(), line(1));
}

#[test]
fn names_are_hidden_where_ssh_config_wants_that() {
    let setting = setting(None);
    let (target, key) = (target("web1", 2222), key(1));
    let demands = Demands { hashes_names: true, ..Demands::default() };
    let shown = Shown { demands: &demands, ..shown(&target, &key) };
    setting.keys.admit(&shown, HostKeyPolicy::AcceptNew, &Answer::nobody()).unwrap();
    let text = std::fs::read_to_string(&setting.file).unwrap();
    assert!(text.starts_with("|1|") && !text.contains("web1"), "{text}");
    let again = HostKeys::read(std::slice::from_ref(&setting.file), None);
    again.admit(&shown, HostKeyPolicy::Strict, &Answer::nobody()).unwrap();
}
