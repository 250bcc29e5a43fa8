//! Input that is slow, endless, or grows when it is read: refused with a message, whatever names it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use nix::sys::stat::Mode;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a command may take, in KiB of address space: enough for hep, and not for what it should refuse.
const MEMORY: &str = "1000000";

struct Stage(tempfile::TempDir);

impl Stage {
    fn new(files: &[(&str, &str)]) -> Stage {
        let stage = Stage(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = stage.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        stage
    }

    fn pipe(self, name: &str) -> Stage {
        nix::unistd::mkfifo(&self.0.path().join(name), Mode::S_IRWXU).unwrap();
        self
    }

    /// Runs hep, for no longer than a minute: its screen, and its exit code.
    fn run(&self, words: &str) -> (String, i32) {
        let line =
            format!("ulimit -v {MEMORY}; exec timeout 60 {} {words}", env!("CARGO_BIN_EXE_hep"));
        let mut command = Command::new("bash");
        command.args(["-c", &line]).current_dir(self.0.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (text, output.status.code().unwrap())
    }

    #[track_caller]
    fn refuses(&self, words: &str, with: &str) {
        let (screen, code) = self.run(words);
        assert!(code == 2 && screen.contains(with), "{words}: {code}\n{screen}");
    }
}

const TASK: (&str, &str) = ("site.yml", "- {debug: {msg: a}}\n");

#[test]
fn pipes_devices_and_files_of_the_kernel_are_read_nowhere() {
    let proc = "the kernel makes up its content";
    let refused = [("pipe", "a named pipe"), ("/dev/zero", "a device"), ("/proc/kallsyms", proc)];
    let refused =
        refused.into_iter().filter(|(path, _)| path == &"pipe" || Path::new(path).exists());
    for (path, with) in refused {
        let stage = Stage::new(&[
            TASK,
            ("include.yml", &format!("- include: {path}\n")),
            ("vars.yml", &format!("vars_files: [{path}]\ntasks: [{{debug: {{msg: a}}}}]\n")),
            ("template.yml", &format!("- file: {{dest: /a, template: {path}}}\n")),
            ("src.yml", &format!("- file: {{dest: /a, src: {path}}}\n")),
            ("tree.yml", "- file: {dest: /a, src: tree}\n"),
            ("hosts", "web1\n"),
            ("tree/a", "a"),
        ])
        .pipe("pipe")
        .pipe("tree/pipe");
        for name in ["include.yml", "vars.yml", "template.yml", "src.yml"] {
            let with = if with == "a device" && name == "src.yml" { "is a device" } else { with };
            stage.refuses(&format!("validate {name}"), with);
        }
        stage.refuses(&format!("validate {path}"), with);
        stage.refuses(&format!("validate site.yml -i {path}"), with);
        stage.refuses(&format!("validate site.yml -e @{path}"), with);
        stage.refuses(&format!("validate site.yml -c {path}"), with);
        stage.refuses(&format!("hosts -i hosts @{path}"), "");
        stage.refuses(&format!("push site.yml -i hosts --limit @{path}"), with);
        stage.refuses("validate tree.yml", "a named pipe");
    }
}

#[test]
fn a_directory_of_the_kernel_is_no_tree_to_copy() {
    let stage = Stage::new(&[("site.yml", "- file: {dest: /a, src: /proc/self}\n")]);
    stage.refuses("validate site.yml", "the kernel makes up its content");
}

#[test]
fn documents_that_grow_are_refused() {
    let nine = |of: &str| [of; 9].join(", ");
    let bomb: String =
        (1..12).map(|n| format!("  a{n}: &a{n} [{}]\n", nine(&format!("*a{}", n - 1)))).collect();
    let bomb = format!("  a0: &a0 [x]\n{bomb}");
    let merge: String =
        (1..30).map(|n| format!("  b{n}: &b{n} {{l: *b{0}, r: *b{0}}}\n", n - 1)).collect();
    let merge = format!("  b0: &b0 {{x: 1}}\n{merge}");
    let long = "x".repeat(1_000_000);
    let texts = format!("  a0: &a0 {long}\n  a1: [{}]\n", ["*a0"; 50].join(", "));
    let keys = format!("  a0: &a0 {{? {long} : 1}}\n  a1: [{}]\n", ["*a0"; 50].join(", "));
    for text in [bomb, merge, texts, keys] {
        let stage = Stage::new(&[
            ("site.yml", &format!("vars:\n{text}tasks: []\n")),
            ("vars", &text.replace("  a", "a").replace("  b", "b")),
            (
                "hosts.yml",
                &format!("all:\n  hosts: {{web1: }}\n  vars:\n{}", text.replace("  ", "    ")),
            ),
            TASK,
        ]);
        fs::write(stage.0.path().join("bomb.yml"), format!("vars:\n{text}tasks: []\n")).unwrap();
        stage.refuses("validate bomb.yml", "aliases stand for more than");
        stage.refuses("validate site.yml -e @vars", "aliases stand for more than");
        stage.refuses("hosts -i hosts.yml", "aliases stand for more than");
    }
}

#[test]
fn brackets_without_end_are_refused() {
    for (open, close) in [
        ("{a: ", "}"),
        ("[", "]"),
        ("{? ", "}"),
        ("[{a: [", "]}]"),
        ("{{", "}}"),
        ("- ", ""),
        ("? ", ""),
    ] {
        for text in [open.repeat(50_000), open.repeat(50_000) + &close.repeat(50_000)] {
            for before in ["", "- file: ", "- debug: {msg: a}\n- "] {
                let stage =
                    Stage::new(&[("site.yml", &format!("{before}{text}\n")), ("hosts.yml", &text)]);
                stage.refuses("validate site.yml", "error: ");
                let (screen, code) = stage.run("hosts -i hosts.yml");
                assert_eq!(code, 2, "{screen}");
            }
        }
    }
}

/// A mistake a few bytes, in a file of megabytes that is one line.
#[test]
fn mistakes_without_end_are_cut() {
    for (text, with) in [
        (format!("[{}a]\n", "{{x}},".repeat(500_000)), "more mistakes are not shown"),
        (format!("[{}{{{{x}}}}]\n", "a, ".repeat(100_000)), "error: "),
        ("password: {password: ".repeat(20_000), "error: "),
    ] {
        let stage = Stage::new(&[("site.yml", &text)]);
        stage.refuses("validate site.yml", with);
        assert!(stage.run("validate site.yml").0.len() < 1_000_000);
    }
}

#[test]
fn groups_nested_without_end_are_refused() {
    let chain: String = (0..20_000).map(|n| format!("[g{n}:children]\ng{}\n", n + 1)).collect();
    let stage = Stage::new(&[("hosts", &(chain + "[g20000]\nh\n")), TASK]);
    stage.refuses("hosts -i hosts", "groups deep");
    stage.refuses("push site.yml -i hosts", "groups deep");
    let twice =
        |n: usize| format!("[a{n}:children]\na{0}\nb{0}\n[b{n}:children]\na{0}\nb{0}\n", n + 1);
    let tree: String = (0..50).map(twice).collect();
    let stage = Stage::new(&[("hosts", &(tree + "[a50]\nh\n[b50]\ni\n"))]);
    for output in ["human", "json"] {
        let (screen, code) = stage.run(&format!("hosts -i hosts --output {output}"));
        assert!(code == 0 && screen.len() < 100_000, "{code} {}", screen.len());
    }
}

#[test]
fn a_hosts_line_may_be_long() {
    let settings: String = (0..200_000).map(|n| format!(" v{n}=1")).collect();
    let stage = Stage::new(&[("hosts", &format!("web1{settings}\n"))]);
    assert_eq!(stage.run("hosts -i hosts").1, 0);
}

#[test]
fn a_file_of_variables_that_is_named_often_is_read_once() {
    let names = ["bad.yml"; 1000].join(", ");
    let site = format!("vars_files: [{names}]\ntasks: [{{debug: {{msg: a}}}}]\n");
    let bad = "a: 1\n".repeat(100_000);
    let stage = Stage::new(&[("site.yml", &site), ("bad.yml", &bad)]);
    stage.refuses("validate site.yml", "`a` is given twice");
}

#[test]
fn an_ssh_config_that_never_ends_is_not_given_to_ssh() {
    let stage = Stage::new(&[
        TASK,
        ("hosts", "web1 host=127.0.0.1 port=1\n"),
        ("parts/sound", "User me\n"),
        ("named", "# first\n include=\"PARTS/pipe\" /nowhere\n"),
        ("wild", "Host *\nInclude PARTS/p*e\n"),
        ("again", "Include PARTS/../again\nInclude PARTS/s*d\n"),
    ])
    .pipe("parts/pipe");
    let parts = stage.0.path().join("parts");
    for name in ["named", "wild", "again"] {
        let path = stage.0.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("PARTS", parts.to_str().unwrap())).unwrap();
    }
    for (file, with) in [
        ("parts/pipe", "it is a named pipe"),
        ("/dev/zero", "it is a device"),
        ("<(echo)", "it is a named pipe"),
        ("named", "parts/pipe`: it is a named pipe"),
        ("wild", "parts/pipe`: it is a named pipe"),
    ] {
        stage.refuses(&format!("push site.yml -i hosts --ssh-config {file}"), with);
    }
    for file in ["again", "/dev/null"] {
        let (screen, code) = stage.run(&format!("push site.yml -i hosts --ssh-config {file}"));
        assert!(code == 3 || screen.contains("Too many recursive"), "{code} {screen}");
    }
}

#[test]
fn what_a_shell_hands_over_is_read() {
    let stage = Stage::new(&[("site.yml", "- {debug: {msg: \"{{ a }}\"}}\n")]);
    let (screen, code) =
        stage.run("validate site.yml -e @<(sleep 0.2; echo 'a: 1') -i <(echo web1)");
    assert_eq!(code, 0, "{screen}");
    stage.refuses("validate site.yml -e @<(yes 'a: 1')", "it is larger than 16 MiB");
}
