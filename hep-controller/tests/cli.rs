//! `hep` as an operator runs it, without a network: what it says, what it refuses, how it exits; and whole runs on this
//! machine with the real agent, below a temporary directory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const HEP: &str = env!("CARGO_BIN_EXE_hep");

/// A command line of hep in a directory of its own.
struct Stage {
    directory: tempfile::TempDir,
}

impl Stage {
    fn new(files: &[(&str, &str)]) -> Stage {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text.replace("ROOT", &path(directory.path())))
                .unwrap();
        }
        Stage { directory }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(HEP);
        let words = line.split(' ').filter(|word| !word.is_empty());
        command.args(words).current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    /// Standard output, standard error, exit code.
    fn run(&self, line: &str) -> (String, String, i32) {
        let output = self.command(line).output().unwrap();
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).unwrap().replace(&path(self.directory.path()), "ROOT")
        };
        (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
    }

    fn there(&self, name: &str) -> bool {
        self.directory.path().join(name).exists()
    }
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Builds the agent beside hep, of this very source tree as it is now: they talk only if they are of one build.
/// `cargo xtask test` has built both and says so with `HEP_BIN`: another selection of packages would build every
/// dependency once more.
fn agent() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        if std::env::var_os("HEP_BIN").is_some() {
            return;
        }
        let target = Path::new(HEP).parent().unwrap();
        let release = target.ends_with("release");
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "-p", "hep-controller", "-p", "hep-agent"])
            .args(release.then_some("--release"));
        assert!(
            cargo.arg("--target-dir").arg(target.parent().unwrap()).status().unwrap().success()
        );
    });
}

const PAGE: &str =
    "- name: place the page\n  file: {dest: ROOT/page, content: \"hello\\n\", mode: 0640}\n";

#[test]
fn what_is_missing_is_named_with_the_ways_to_supply_it() {
    let stage = Stage::new(&[("site.yml", PAGE)]);
    let (out, err, exit) = stage.run("push");
    assert!(err.starts_with("error: no manifest is named\nhint: "), "{err}");
    assert_eq!((out.as_str(), exit), ("", 2));
    let (_, err, exit) = stage.run("site.yml");
    assert!(
        err.starts_with("error: no hosts file is named\nhint: name it with `-i hosts`"),
        "{err}"
    );
    assert_eq!(exit, 2);
    let (_, err, exit) = stage.run("push nowhere.yml -i nohosts");
    assert!(err.contains("nowhere.yml") && err.contains("nohosts"), "{err}");
    assert_eq!(exit, 2);
}

#[test]
fn a_config_beside_is_taken_and_a_named_one_wins() {
    let config = "manifest: site.yml\nhosts: hosts\n";
    let files = [
        ("site.yml", PAGE),
        ("hosts", "web1\n"),
        ("config.yml", config),
        ("other.yml", "manifest: gone.yml\n"),
    ];
    let stage = Stage::new(&files);
    let (out, err, exit) = stage.run("validate");
    assert_eq!(
        (out.as_str(), err.as_str(), exit),
        ("site.yml: 1 task, no mistake found\nhosts: 1 host, no mistake found\n", "", 0)
    );
    let (_, err, exit) = stage.run("validate -c other.yml");
    assert!(err.contains("gone.yml"), "{err}");
    assert_eq!(exit, 2);
}

#[test]
fn a_mistyped_command_is_answered_with_the_right_one() {
    let (_, err, exit) = Stage::new(&[]).run("psuh site.yml");
    assert!(err.contains("'psuh'") && err.contains("'push'"), "{err}");
    assert_eq!(exit, 2);
}

#[test]
fn help_and_version_are_no_errors() {
    let stage = Stage::new(&[]);
    for line in
        ["--help", "push --help", "apply --help", "validate -h", "bundle -h", "doc -h", "--version"]
    {
        let (out, err, exit) = stage.run(line);
        assert_eq!((out.is_empty(), err.as_str(), exit), (false, "", 0), "{line}");
    }
}

#[test]
fn documentation_is_data_and_plain_in_a_pipe() {
    let stage = Stage::new(&[]);
    let (out, err, exit) = stage.run("doc");
    assert!(out.starts_with("Modules\n  alternatives            Which of"), "{out}");
    assert_eq!((err.as_str(), exit), ("", 0));
    let (out, err, exit) = stage.run("doc file");
    assert!(
        out.starts_with("file: files, directories and links\n\nParameters\n  dest, path "),
        "{out}"
    );
    assert_eq!((err.as_str(), exit), ("", 0));
    let (out, err, exit) = stage.run("doc fiel");
    assert_eq!(
        err,
        "error: there is no module or topic `fiel`\nhint: did you mean `hep doc file`?\n"
    );
    assert_eq!((out.as_str(), exit), ("", 2));
}

#[test]
fn the_schema_is_the_one_in_docs() {
    let (out, err, exit) = Stage::new(&[]).run("schema");
    assert!(out == include_str!("../../docs/manifest.schema.json"), "refresh the copy in docs/");
    assert_eq!((err.as_str(), exit), ("", 0));
}

#[test]
fn every_mistake_is_told_and_nothing_is_contacted() {
    let stage =
        Stage::new(&[("site.yml", "- fiel: {dest: /x}\n- apt: {}\n"), ("hosts", "web1 prot=22\n")]);
    let (out, err, exit) = stage.run("push site.yml -i hosts");
    assert_eq!((out.as_str(), exit), ("", 2));
    assert_eq!(err.matches("error: ").count(), 3, "{err}");
}

#[test]
fn a_mistake_in_ssh_config_is_told_once_and_nothing_is_contacted() {
    let (wrong, hosts) = ("Host web9\n  Nonsense yes\n", "web[1:3] host=127.0.0.1 port=1\n");
    let stage = Stage::new(&[("site.yml", PAGE), ("hosts", hosts), ("ssh_config", wrong)]);
    for transport in ["ssh2", "openssh"] {
        let line =
            format!("push site.yml -i hosts --ssh-config ssh_config --transport {transport}");
        let (out, err, exit) = stage.run(&line);
        assert_eq!((out.as_str(), exit), ("", 2), "{err}");
        let said = "ssh_config is wrong: ssh_config: line 2: Bad configuration option: nonsense";
        assert_eq!(err.matches(said).count(), 1, "{err}");
    }
}

#[test]
fn a_mistake_in_the_ssh_arguments_of_a_host_names_the_host() {
    let hosts = "web1 host=127.0.0.1 port=1\nweb2 host=127.0.0.1 ansible_ssh_common_args='-o Nonsense=yes'\n";
    let stage = Stage::new(&[("site.yml", PAGE), ("hosts", hosts)]);
    let (out, err, exit) = stage.run("push site.yml -i hosts");
    assert_eq!((out.as_str(), exit), ("", 2), "{err}");
    assert!(err.contains("the SSH arguments of `web2` are wrong: command-line"), "{err}");
    assert!(err.contains("`ansible_ssh_common_args`") && !err.contains("--ssh-config"), "{err}");
}

#[test]
fn a_host_that_nobody_answers_at_is_unreachable() {
    // A port of ours that nobody listens at any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let hosts = format!("web1 host=127.0.0.1 port={port}\n");
    let stage = Stage::new(&[("site.yml", PAGE), ("hosts", &hosts)]);
    let (out, _, exit) = stage.run("push site.yml -i hosts");
    assert!(out.contains("unreachable: web1\n  connect: "), "{out}");
    assert_eq!(exit, 3);
    let (out, _, _) = stage.run("push site.yml -i hosts --output json");
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["status"], &last["exit"]), (&"unreachable".into(), &3.into()));
}

#[test]
fn this_machine_converges_once() {
    agent();
    let stage = Stage::new(&[("site.yml", PAGE)]);
    let (out, err, exit) = stage.run("apply site.yml --check --fail-on-change");
    assert!(out.starts_with("check mode: nothing is changed"), "{out}{err}");
    assert!(out.contains("\npending  place the page\n") && out.contains("1 pending"), "{out}");
    assert_eq!((exit, stage.there("page")), (4, false));
    let (out, err, exit) = stage.run("apply site.yml");
    assert!(out.starts_with("changed  place the page\n"), "{out}{err}");
    assert_eq!((exit, stage.there("page")), (0, true));
    let (out, _, exit) = stage.run("apply site.yml --fail-on-change --output json");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [task, host, run] = lines.as_slice() else { panic!("{out}") };
    assert_eq!((&task["status"], &task["changes"]), (&"ok".into(), &Value::Array(vec![])));
    assert_eq!((&host["host"], &host["ok"]), (&"localhost".into(), &1.into()));
    assert_eq!((&run["status"], exit), (&"converged".into(), 0));
}

#[test]
fn a_failed_task_is_told_with_all_it_said() {
    agent();
    let stage = Stage::new(&[(
        "site.yml",
        "- name: break\n  command: {shell: \"echo out; echo err >&2; exit 7\"}\n",
    )]);
    let (out, err, exit) = stage.run("apply site.yml");
    assert!(out.contains("failed on localhost: break (command)\n"), "{out}{err}");
    for part in ["exit code 7\n", "  stdout:\n    out\n", "  stderr:\n    err\n"] {
        assert!(out.contains(part), "{out}");
    }
    assert_eq!(exit, 1);
}

#[test]
fn a_stop_lets_the_step_in_hand_finish() {
    agent();
    let manifest = "- command: {shell: \"touch ROOT/begun; sleep 2; touch ROOT/ended\"}\n- command: {argv: [touch, ROOT/next]}\n";
    let stage = Stage::new(&[("site.yml", manifest)]);
    let hep = stage
        .command("apply site.yml")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !stage.there("begun") && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(hep.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = hep.wait_with_output().unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{out}{err}");
    assert!(err.contains("stopping after the current steps"), "{err}");
    assert_eq!((stage.there("ended"), stage.there("next")), (true, false), "{out}{err}");
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_run() {
    agent();
    let stage = Stage::new(&[("site.yml", &format!("- command: {{shell: sleep 1}}\n{PAGE}"))]);
    let mut hep = stage
        .command("apply site.yml")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(hep.stdout.take());
    assert_eq!((hep.wait().unwrap().code(), stage.there("page")), (Some(0), true));
}

#[test]
fn a_bundle_is_one_file_or_none() {
    let stage = Stage::new(&[("site.yml", PAGE), ("bad.yml", "- file: {dest: x}\n")]);
    let (_, err, exit) = stage.run("bundle site.yml -o site.hep");
    assert_eq!((exit, stage.there("site.hep")), (0, true), "{err}");
    let (_, _, exit) = stage.run("bundle bad.yml -o bad.hep");
    assert_eq!((exit, stage.there("bad.hep")), (2, false));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let stage = Stage::new(&[("empty.yml", "- tasks: []\n")]);
    // script(1) gives it a terminal.
    let shown = |no_color: Option<&str>| {
        let mut command = Command::new("script");
        command.args(["-q", "-c", &format!("{HEP} doc file"), "/dev/null"]);
        command.current_dir(stage.directory.path()).stdin(Stdio::null());
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(shown(None).contains("\u{1b}["));
    // Empty is as if it were not set (no-color.org).
    assert!(shown(Some("")).contains("\u{1b}["));
    let plain = shown(Some("1"));
    assert!(plain.contains("dest") && !plain.contains('\u{1b}'), "{plain:?}");
    let (piped, ..) = stage.run("doc file");
    assert!(piped.contains("dest") && !piped.contains('\u{1b}'));
}

#[test]
fn a_command_that_prints_a_password_may_ask_at_the_terminal() {
    let ask = "printf 'unlock: ' >/dev/tty; read -r typed </dev/tty; echo \"$typed\" >typed; echo \"$typed\"";
    let site = "- tasks:\n    - debug: {msg: hello}\n      become: true\n";
    let files = [("ask", ask), ("site.yml", site), ("hosts", "web1 host=127.0.0.1 port=1\n")];
    let stage = Stage::new(&files);
    let line = format!("{HEP} push -i hosts site.yml --become-password-command 'sh ask'");
    // script(1) gives it a terminal, and types there what it reads.
    let mut command = Command::new("script");
    command.args(["-q", "-c", &line, "/dev/null"]).current_dir(stage.directory.path());
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"sesame-of-tty\n").unwrap();
    let shown = child.wait_with_output().unwrap();
    drop(keyboard);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("unlock: ") && shown.contains("unreachable"), "{shown}");
    let typed = fs::read_to_string(stage.directory.path().join("typed")).unwrap();
    assert_eq!(typed, "sesame-of-tty\n");
    assert!(begun.elapsed() < Duration::from_secs(40));
}
