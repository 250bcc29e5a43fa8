//! Manifests as an operator meets them: what is accepted, and what is said of what is not.

#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what it shows")]

mod crossings;
mod decoding;
mod expressions;
mod extra;
mod foreign;
mod host_classes;
mod includes;
mod keys;
mod language;
mod mutations;
mod plays;
mod sources;

use super::compile::{Compiled, PlannedHost, compile};
use crate::ast::Manifest;
use crate::check::select::Choice;
use crate::check::targets::Targets;
use crate::check::variables::Extra;
use crate::check::{Input, Options};
use crate::diagnostic::Diagnostics;
use crate::source::Source;
use crate::words::all_of;
use hep_protocol::plan::{
    Block, DiffMode, HostPart, Item, Layer, OnError, Pace, RunMode, Spec, Task,
};
use hep_protocol::task::TaskSpec;
use insta::assert_snapshot;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// With its mistakes.
fn with_mistakes(text: &[u8]) -> Result<Manifest, Diagnostics> {
    Source::from_bytes(Path::new("site.yml"), text.to_vec()).map(|source| Manifest::parse(&source))
}

fn parse(text: &[u8]) -> Result<Manifest, Diagnostics> {
    let manifest = with_mistakes(text)?;
    manifest.problems.clone().unless(manifest)
}

fn check(text: &str) -> String {
    match parse(text.as_bytes()) {
        Ok(manifest) => {
            let mut shown = Vec::new();
            for play in &manifest.plays {
                play.each_task(&mut |task| {
                    let on_error = task.control.on_error.clone().unwrap_or(OnError::Stop);
                    let spec =
                        task.spec.as_ref().map_or("open".to_owned(), |spec| format!("{spec:?}"));
                    shown.push(format!("{} | {on_error:?} | {spec}", task.title()));
                });
            }
            shown.join("\n")
        }
        Err(diagnostics) => diagnostics.to_string(),
    }
}

/// Compiles a manifest for this machine, in a working directory.
fn compiled(manifest: &Manifest, working_directory: &Path) -> Result<Compiled, Diagnostics> {
    compile_for(manifest, working_directory, &Targets::this_machine("localhost"), &[])
}

fn compile_for(
    manifest: &Manifest,
    working_directory: &Path,
    targets: &Targets,
    extra: &[&str],
) -> Result<Compiled, Diagnostics> {
    let extra: Vec<String> = extra.iter().map(|word| (*word).to_owned()).collect();
    let options = Options {
        extra: Extra::read(&extra)?,
        choice: Choice::default(),
        working_directory: working_directory.to_owned(),
        mode: RunMode::Apply,
        diff: DiffMode::Off,
        pace: Pace::Straight,
        act_as: hep_protocol::rights::ActAs::default(),
        task_timeout: None,
        foreign: serde_json::Map::new(),
        login_user: None,
        assumed: Default::default(),
    };
    compile(&Input { manifest, targets, options: &options })
}

/// Two web servers and a database, with a variable or two.
const HOSTS: &str = "[web]\nweb1 port=80\nweb2 port=8080\n[db]\ndb1 port=5432 data=/srv/db\n";

/// Compiles `site.yml` of some files in a directory of their own, for the three hosts; shows the plan, or the mistakes.
fn plan(files: &[(&str, &str)], extra: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files.iter().chain(&[("hosts", HOSTS)]) {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let around = crate::inventory::Surroundings {
        working_directory: directory.path().to_owned(),
        home: None,
    };
    let inventory =
        crate::inventory::Inventory::read(&directory.path().join("hosts"), &around).unwrap();
    let manifest = Manifest::read(&directory.path().join("site.yml")).unwrap();
    let shown = match compile_for(&manifest, directory.path(), &Targets::of(inventory), extra) {
        Ok(compiled) => outline(&compiled),
        Err(mistakes) => mistakes.to_string(),
    };
    let directory = directory.path().display().to_string();
    shown.replace(&format!("{directory}/"), "").replace(&directory, "DIR")
}

/// Variables, each layer above the one before it.
fn layers(layers: &[Layer]) -> serde_json::Value {
    let entries = layers.iter().filter_map(|(_, vars)| vars.entries()).flatten();
    let all: serde_json::Map<_, _> =
        entries.map(|(name, value)| (name.clone(), value.clone())).collect();
    if all.is_empty() { serde_json::Value::Null } else { serde_json::Value::Object(all) }
}

/// A plan in short.
fn outline(compiled: &Compiled) -> String {
    let mut lines = Vec::new();
    for play in &compiled.plan.plays {
        let name = play.name.as_deref().unwrap_or_default();
        lines.push(format!("play {name} {} {:?}", layers(&play.layers), play.on_failure));
        for item in &play.items {
            lines.push(match item {
                Item::Task(number) => format!("  {}", task_line(compiled, *number)),
                Item::Block(block) => {
                    let Block { body, rescue, always, when, each, .. } = block.as_ref();
                    let vars = layers(&block.layers);
                    let rest = serde_json::json!({"when": when, "each": each, "vars": vars});
                    format!("  block {body}+{rescue}+{always} {}", short(rest))
                }
                Item::Flush => "  flush".to_owned(),
            });
        }
        for handler in &play.handlers {
            lines.push(format!("  handler {}", task_line(compiled, *handler)));
        }
    }
    for PlannedHost { part: HostPart { name, plays, .. }, .. } in &compiled.hosts {
        lines.push(format!("{name}: {plays:?}"));
    }
    lines.extend(compiled.warnings.iter().map(|line| format!("warning: {line}")));
    lines.join("\n")
}

fn task_line(compiled: &Compiled, number: u32) -> String {
    let Task { name, spec, sources, on_error, control } = compiled.plan.task(number).unwrap();
    let open = match spec {
        Spec::Typed(_) => String::new(),
        Spec::Open { module, params } => format!(" {module} {}", params.0),
    };
    let control = control.as_ref().map_or(String::new(), |control| {
        format!(" {}", short(serde_json::to_value(control).unwrap()))
    });
    let on_error =
        if *on_error == OnError::Stop { String::new() } else { format!(" {on_error:?}") };
    let sources: Vec<&str> = sources.iter().map(|named| named.written.as_str()).collect();
    let sources = if sources.is_empty() { String::new() } else { format!(" {sources:?}") };
    format!("{number} {name}:{open}{control}{on_error}{sources}")
}

/// Without what says nothing.
fn short(value: serde_json::Value) -> String {
    let usual = ["Open", "AsRun"];
    let serde_json::Value::Object(mut map) = value else { return value.to_string() };
    let says = |value: &serde_json::Value| match value {
        serde_json::Value::Null => false,
        serde_json::Value::Array(items) => !items.is_empty(),
        serde_json::Value::String(text) => !usual.contains(&text.as_str()),
        serde_json::Value::Object(map) => map.values().any(|value| !value.is_null()),
        serde_json::Value::Bool(said) => *said,
        serde_json::Value::Number(_) => true,
    };
    if let Some(each) = map.get_mut("each").and_then(serde_json::Value::as_object_mut) {
        for (key, usual) in [
            ("kind", serde_json::json!(null)),
            ("pause", serde_json::json!(null)),
            ("extended", serde_json::json!(false)),
        ] {
            each.get(key).is_some_and(|value| *value == usual).then(|| each.remove(key));
        }
    }
    let parts = map.iter().filter(|(_, value)| says(value));
    parts.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// Compiles a manifest that lies in a directory of its own; paths in the answer are shown below `DIR`.
fn compile_in(directory: &Path, text: &str) -> String {
    let path = directory.join("site.yml");
    let source = Source::from_bytes(&path, text.as_bytes().to_vec()).unwrap();
    let shown = match compiled(&Manifest::parse(&source), &directory.join("work")) {
        Ok(compiled) => {
            let sources = compiled.plan.tasks().flat_map(|(_, task)| &task.sources);
            sources.map(|source| format!("{source:#?}")).collect::<Vec<_>>().join("\n")
        }
        Err(diagnostics) => diagnostics.to_string(),
    };
    shown.replace(&directory.display().to_string(), "DIR").replace("DIR/site.yml", "site.yml")
}

#[test]
fn tasks_of_the_ancestor_are_read_as_they_are() {
    assert_snapshot!(check(
        "- name: \"Install apache2 package\"  \n  apt:\n    package: \"apache2\"\n    action: \"install\"\n\
         - name: \"Configure apache DirectoryIndex\"\n  file:\n    src: \"examples/apache2/dir.conf\"\n    \
         dest: \"/etc/apache2/mods-enabled/dir.conf\" \n    owner: \"root\"\n    group: \"root\"\n    \
         mod: 644\n    action: \"present\"\n"
    ), @r#"
    Install apache2 package | Stop | Apt(Apt { package: OneOrMany([Named { name: PackageName("apache2"), arch: None, version: None }]), action: Install, purge: false, update_cache: false, cache_valid_time: None, install_recommends: None, default_release: None, allow_downgrade: false, allow_removals: false, autoremove: false, hold: None, dpkg_options: None, policy_rc_d: None, upgrade: None, lock_timeout: None, debconf: [], recover: false })
    Configure apache DirectoryIndex | Stop | File(File { action: Present, dest: Dest { path: AbsPath("/etc/apache2/mods-enabled/dir.conf"), into: false }, src: Some("examples/apache2/dir.conf"), target: None, copy_of: None, content: None, template: None, template_rules: None, owner: Some(Name("root")), group: Some(Name("root")), mode: Some(Mode { text: "644", wanted: Exactly(420) }), directory_mode: None, executable: None, overwrite: None, keep_times: false, recurse: false, one_file_system: None, parents: false, parents_alike: false, remove_content: false, force: false, follow: false, backup: false, in_place: false, validate: None })
    "#);
}

#[test]
fn a_mapping_with_tasks_is_a_manifest_too() {
    assert_snapshot!(check("name: site\ntasks:\n- {name: go on, service: {service: ssh, enabled: true}, ignore_errors: true}\n"), @r#"go on | GoOn | Service(Service { name: Some(ServiceName("ssh")), action: None, enabled: Some(true), masked: None, daemon_reload: false, pattern: None, timeout: None })"#);
}

#[test]
fn scalars_mean_what_they_are_asked_for() {
    assert_snapshot!(check(
        "- file: {dest: /a, content: 42, mode: 0o644, owner: 33}\n\
         - file: {dest: /b, content: true, mode: 0644, owner: null-user}\n\
         - file: {dest: /c, content: \"null\", mode: u=rw, recurse: false}\n\
         - apt: {package: [nginx, 7zip], cache_valid_time: 3600, update_cache: True}\n"
    ), @r#"
    file /a | Stop | File(File { action: Present, dest: Dest { path: AbsPath("/a"), into: false }, src: None, target: None, copy_of: None, content: Some("42"), template: None, template_rules: None, owner: Some(Id(33)), group: None, mode: Some(Mode { text: "0o644", wanted: Exactly(420) }), directory_mode: None, executable: None, overwrite: None, keep_times: false, recurse: false, one_file_system: None, parents: false, parents_alike: false, remove_content: false, force: false, follow: false, backup: false, in_place: false, validate: None })
    file /b | Stop | File(File { action: Present, dest: Dest { path: AbsPath("/b"), into: false }, src: None, target: None, copy_of: None, content: Some("true"), template: None, template_rules: None, owner: Some(Name("null-user")), group: None, mode: Some(Mode { text: "0644", wanted: Exactly(420) }), directory_mode: None, executable: None, overwrite: None, keep_times: false, recurse: false, one_file_system: None, parents: false, parents_alike: false, remove_content: false, force: false, follow: false, backup: false, in_place: false, validate: None })
    file /c | Stop | File(File { action: Present, dest: Dest { path: AbsPath("/c"), into: false }, src: None, target: None, copy_of: None, content: Some("null"), template: None, template_rules: None, owner: None, group: None, mode: Some(Mode { text: "u=rw", wanted: Clauses([Clause { who: 2496, operator: Set, permissions: "rw" }]) }), directory_mode: None, executable: None, overwrite: None, keep_times: false, recurse: false, one_file_system: None, parents: false, parents_alike: false, remove_content: false, force: false, follow: false, backup: false, in_place: false, validate: None })
    install nginx, 7zip | Stop | Apt(Apt { package: OneOrMany([Named { name: PackageName("nginx"), arch: None, version: None }, Named { name: PackageName("7zip"), arch: None, version: None }]), action: Install, purge: false, update_cache: true, cache_valid_time: Some(3600), install_recommends: None, default_release: None, allow_downgrade: false, allow_removals: false, autoremove: false, hold: None, dpkg_options: None, policy_rc_d: None, upgrade: None, lock_timeout: None, debconf: [], recover: false })
    "#);
}

#[test]
fn anchors_and_merge_keys_work() {
    assert_snapshot!(check(
        "- file: &base {dest: /a, mode: 0600, owner: &me www-data}\n- file: {<<: *base, dest: /b, group: *me}\n"
    ), @r#"
    file /a | Stop | File(File { action: Present, dest: Dest { path: AbsPath("/a"), into: false }, src: None, target: None, copy_of: None, content: None, template: None, template_rules: None, owner: Some(Name("www-data")), group: None, mode: Some(Mode { text: "0600", wanted: Exactly(384) }), directory_mode: None, executable: None, overwrite: None, keep_times: false, recurse: false, one_file_system: None, parents: false, parents_alike: false, remove_content: false, force: false, follow: false, backup: false, in_place: false, validate: None })
    file /b | Stop | File(File { action: Present, dest: Dest { path: AbsPath("/b"), into: false }, src: None, target: None, copy_of: None, content: None, template: None, template_rules: None, owner: Some(Name("www-data")), group: Some(Name("www-data")), mode: Some(Mode { text: "0600", wanted: Exactly(384) }), directory_mode: None, executable: None, overwrite: None, keep_times: false, recurse: false, one_file_system: None, parents: false, parents_alike: false, remove_content: false, force: false, follow: false, backup: false, in_place: false, validate: None })
    "#);
}

#[test]
fn ten_mistakes_are_shown_in_one_run() {
    assert_snapshot!(check(
        "- name: motd
  file:
    dest: /etc/motd
    onwer: root
    mode: 0999
- name: relative
  file: {dest: etc/motd, content: hello, recurse: yes}
- name: short form
  apt: name=nginx
- name: misspelt
  atp: {package: nginx}
- name: from a playbook
  service: {name: apache2, state: started}
- name: colon: in the value
  command: {argv: ls}
- name: twice
  command: {argv: ls -l, argv: ls}
- name: tab
  file:
\tdest: /x
- name: \"not closed
  file: {dest: /x}
- name: a condition
  apt: {package: nginx, action: presnt}
  when: os == 'debian'
"
    ), @r#"
    error: unknown parameter `onwer` of `file`
     --> site.yml:4:5
      |
    4 |     onwer: root
      |     ^^^^^
      |
      = hint: did you mean `owner`? `file` has action, dest, path, src, target, copy_of, content, template, template_rules, owner, group, mod, mode, directory_mode, executable, overwrite, keep_times, recurse, one_file_system, parents, parents_alike, remove_content, force, follow, backup, in_place, validate

    error: `0999` is not a mode
     --> site.yml:5:11
      |
    5 |     mode: 0999
      |           ^^^^
      |
      = hint: write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`

    error: `etc/motd` is not an absolute path: it must begin with `/`
     --> site.yml:7:16
      |
    7 |   file: {dest: etc/motd, content: hello, recurse: yes}
      |                ^^^^^^^^
      |
      = hint: write a full path on the host, such as `/etc/motd`

    error: `recurse` takes `true` or `false`, found the text `yes`
     --> site.yml:7:51
      |
    7 |   file: {dest: etc/motd, content: hello, recurse: yes}
      |                                                   ^^^
      |
      = hint: write `true`

    error: `apt` takes a mapping of parameters, found the text `name=nginx`
     --> site.yml:9:8
      |
    9 |   apt: name=nginx
      |        ^^^^^^^^^^
      |
      = hint: write each parameter as `key: value` on its own line below `apt:`

    error: unknown module `atp`
      --> site.yml:11:3
       |
    11 |   atp: {package: nginx}
       |   ^^^
       |
       = hint: did you mean `apt`? the modules are `alternatives`, `apt`, `apt_repository`, `assert`, `authorized_key`, `blockinfile`, `command`, `debug`, `fail`, `file`, `find`, `flush`, `getent`, `group`, `hostname`, `ini_file`, `lineinfile`, `locale_gen`, `package_facts`, `ping`, `replace`, `service`, `service_facts`, `set`, `setup`, `slurp`, `stat`, `sysctl`, `timezone`, `user`, `validate_argument_spec` and `wait_for`

    error: unknown parameter `state` of `service`
      --> site.yml:13:28
       |
    13 |   service: {name: apache2, state: started}
       |                            ^^^^^
       |
       = hint: write `action: start`

    error: a second `: ` cannot be in this value
      --> site.yml:14:14
       |
    14 | - name: colon: in the value
       |              ^
       |
       = hint: put the value into quotes: `name: "colon: in the value"`

    error: the key `argv` is given twice
      --> site.yml:17:26
       |
    17 |   command: {argv: ls -l, argv: ls}
       |                          ^^^^ and again here
       |
      ::: site.yml:17:13
       |
    17 |   command: {argv: ls -l, argv: ls}
       |             ^^^^ first here
       |
       = hint: keep one of them

    error: there is a tab in the indentation
      --> site.yml:20:1
       |
    20 |     dest: /x
       | ^^^^
       |
       = hint: indent with spaces, two for each level

    error: this quote is not closed
      --> site.yml:21:9
       |
    21 | - name: "not closed
       |         ^
       |
       = hint: close the text with the same quote at its end

    error: `presnt` is no value of `action`
      --> site.yml:24:33
       |
    24 |   apt: {package: nginx, action: presnt}
       |                                 ^^^^^^
       |
       = hint: write `install`, `latest`, `remove`, `purge` or `build-dep`
    "#);
}

#[test]
fn misplaced_lines_are_explained() {
    assert_snapshot!(check(
        "- name: parameters at the wrong depth
  file:
  dest: /x
- name: a line between two depths
  file:
    dest: /x
   owner: root
- apt: {package: nginx
- name: no module
- name: two modules
  apt: {package: a1}
  file: {dest: /x}
- file: {dest: {{ path }}, content: *x}
- just words
- command: ls creates=/x
- file: {src: x}
- file: {dest: [a], content: }
- apt: {debconf: [{package: x, questio: y, type: z, value: 1}]}
"
    ), @r#"
    error: `dest` is a parameter of `file`
     --> site.yml:3:3
      |
    3 |   dest: /x
      |   ^^^^
      |
      = hint: indent it further than `file:`

    error: this line does not fit the ones above it
     --> site.yml:7:4
      |
    7 |    owner: root
      |    ^^^^^^^^^^^
      |
      = hint: 4 spaces put it beside `dest`, 2 spaces beside `file`; it has 3

    error: this `{` is not closed
     --> site.yml:8:8
      |
    8 | - apt: {package: nginx
      |        ^
      |
      = hint: write `}` after the last value

    error: the task has no module
     --> site.yml:9:3
      |
    9 | - name: no module
      |   ^^^^^^^^^^^^^^^
      |
      = hint: add one of `alternatives`, `apt`, `apt_repository`, `assert`, `authorized_key`, `blockinfile`, `command`, `debug`, `fail`, `file`, `find`, `flush`, `getent`, `group`, `hostname`, `ini_file`, `lineinfile`, `locale_gen`, `package_facts`, `ping`, `replace`, `service`, `service_facts`, `set`, `setup`, `slurp`, `stat`, `sysctl`, `timezone`, `user`, `validate_argument_spec` or `wait_for`

    error: a task has one module, and this one has `apt` and `file`
      --> site.yml:12:3
       |
    12 |   file: {dest: /x}
       |   ^^^^ the second module
       |
      ::: site.yml:11:3
       |
    11 |   apt: {package: a1}
       |   ^^^ the first module
       |
       = hint: make two tasks of it, each beginning with `- `

    error: a text that begins with `{` needs quotes
      --> site.yml:13:16
       |
    13 | - file: {dest: {{ path }}, content: *x}
       |                ^^^^^^^^^^
       |
       = hint: write `"{{ path }}"`

    error: there is no anchor `&x` before this
      --> site.yml:13:37
       |
    13 | - file: {dest: {{ path }}, content: *x}
       |                                     ^^
       |
       = hint: a text that begins with `*` needs quotes

    error: a task is a mapping, found the text `just words`
      --> site.yml:14:3
       |
    14 | - just words
       |   ^^^^^^^^^^
       |
       = hint: write `name:` and a module, as in `- file: {dest: /etc/motd, content: hello}`

    error: `command` takes a mapping of parameters, found the text `ls creates=/x`
      --> site.yml:15:12
       |
    15 | - command: ls creates=/x
       |            ^^^^^^^^^^^^^
       |
       = hint: write each parameter as `key: value` on its own line below `command:`

    error: `file` needs the parameter `dest`
      --> site.yml:16:3
       |
    16 | - file: {src: x}
       |   ^^^^
       |
       = hint: add `dest: ...` below `file`

    error: `dest` takes a text, found a list
      --> site.yml:17:16
       |
    17 | - file: {dest: [a], content: }
       |                ^^^
       |
       = hint: write one text; `loop` does a task once for each of several

    error: `content` has no value
      --> site.yml:17:21
       |
    17 | - file: {dest: [a], content: }
       |                     ^^^^^^^
       |
       = hint: write a value after it, or remove the key

    error: unknown key `questio`
      --> site.yml:18:32
       |
    18 | - apt: {debconf: [{package: x, questio: y, type: z, value: 1}]}
       |                                ^^^^^^^
       |
       = hint: did you mean `question`? possible are `package`, `question`, `type` and `value`
    "#);
}

#[test]
fn parameters_that_do_not_fit_each_other_are_named_at_their_place() {
    assert_snapshot!(check("- file: {dest: /x, content: a, src: b}\n- service: {name: ssh}\n- command: {chdir: /}\n"), @"
    error: `src` and `content` both set the content of the file
     --> site.yml:1:20
      |
    1 | - file: {dest: /x, content: a, src: b}
      |                    ^^^^^^^
      |
      = hint: keep one of them

    error: there is nothing to do: neither `action` nor `enabled` is given
     --> site.yml:2:13
      |
    2 | - service: {name: ssh}
      |             ^^^^
      |
      = hint: add `action: start`, `stop`, `restart` or `reload`, or `enabled: true`

    error: there is nothing to run
     --> site.yml:3:3
      |
    3 | - command: {chdir: /}
      |   ^^^^^^^
      |
      = hint: add `argv: [program, argument]`, or `shell: script`
    ");
}

#[test]
fn other_forms_are_no_manifest() {
    assert_snapshot!(["", "[]", "tasks:", "hello", "file: {dest: /x}", "taks: []", "- hosts: all\n  tasks: []"]
        .map(check)
        .join("\n"), @"
    error: the manifest has no tasks
    --> site.yml
     = hint: write a list of tasks: `- file: {dest: /etc/motd, content: hello}`

    error: the manifest has no tasks
     --> site.yml:1:1
      |
    1 | []
      | ^^
      |
      = hint: write a list of tasks: `- file: {dest: /etc/motd, content: hello}`

    error: the manifest has no tasks
     --> site.yml:1:1
      |
    1 | tasks:
      | ^^^^^
      |
      = hint: write a list of tasks: `- file: {dest: /etc/motd, content: hello}`

    error: a manifest is a list of tasks, found the text `hello`
     --> site.yml:1:1
      |
    1 | hello
      | ^^^^^
      |
      = hint: begin each task with `- name: ...` and write its module below

    error: `file` is outside a task
     --> site.yml:1:1
      |
    1 | file: {dest: /x}
      | ^^^^
      |
      = hint: a manifest is a list of tasks: begin each with `- `

    error: unknown key `taks` of a manifest
     --> site.yml:1:1
      |
    1 | taks: []
      | ^^^^
      |
      = hint: did you mean `tasks`?

    error: the manifest has no tasks
     --> site.yml:1:1
      |
    1 | - hosts: all
      | ^^^^^^^^^^^^
      |
      = hint: write a list of tasks: `- file: {dest: /etc/motd, content: hello}`
    ");
}

#[test]
fn terminals_obey_nothing_in_a_manifest() {
    assert_snapshot!(check("- file: {dest: /x, \"o\\e[31m\": 1, mode: \"\u{202e}x\u{9b}31m\"} # \u{1b}[31m\n"), @r#"
    error: there is a control character in the text
     --> site.yml:1:43
      |
    1 | - file: {dest: /x, "o\e[31m": 1, mode: "�x�31m"} # �[31m
      |                                           ^
      |
      = hint: write it as an escape in double quotes: `"\x1b"`
    "#);
}

#[test]
fn long_lines_are_cut_around_the_mistake() {
    let text = format!(
        "- file: {{content: {}, onwer: root, dest: /{}}}\n",
        "x".repeat(300),
        "y".repeat(200)
    );
    assert_snapshot!(check(&text), @r"
    error: unknown parameter `onwer` of `file`
     --> site.yml:1:321
      |
    1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, onwer: root, dest: /yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...
      |                                                                  ^^^^^
      |
      = hint: did you mean `owner`? `file` has action, dest, path, src, target, copy_of, content, template, template_rules, owner, group, mod, mode, directory_mode, executable, overwrite, keep_times, recurse, one_file_system, parents, parents_alike, remove_content, force, follow, backup, in_place, validate
    ");
}

#[test]
fn deep_and_exploding_documents_are_refused_quickly() {
    let mut bomb = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!("- &a{level} [{}]\n", vec![alias; 10].join(", "));
    }
    assert!(check(&bomb).contains("more than 200000 values"));
    let deep = format!("- {}\n", "[".repeat(100_000));
    assert!(check(&deep).contains("nest"), "{}", check(&deep));
    let deep = format!("- file: {}\n", "{a: ".repeat(10_000));
    assert!(check(&deep).contains("nest"));
    let chain: String = (1..200).map(|n| format!("- &a{n} [*a{}]\n", n - 1)).collect();
    assert!(check(&format!("- &a0 [x]\n{chain}")).contains("nest"));
}

#[test]
fn every_table_row_names_what_exists() {
    let free = ["flush", "set"];
    for module in TaskSpec::MODULES.into_iter().filter(|module| !free.contains(module)) {
        let hint = check(&format!("- {module}: {{no_such: 1}}\n"));
        assert!(hint.contains(&format!("`{module}` has ")), "{hint}");
    }
    assert_eq!(all_of(&TaskSpec::MODULES).matches('`').count(), TaskSpec::MODULES.len() * 2);
}

/// A machine that is busy takes longer for anything: ten times as many tasks take about ten times as long.
#[test]
fn ten_thousand_tasks_are_compiled_at_once() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a"), "x").unwrap();
    let task = "- name: one of many\n  file:\n    src: a\n    dest: /etc/a\n    mode: 0644\n";
    let took = |tasks: usize| {
        let text = task.repeat(tasks);
        let start = std::time::Instant::now();
        let manifest = parse(text.as_bytes()).unwrap();
        let compiled = compiled(&manifest, directory.path()).unwrap();
        let took = start.elapsed();
        assert_eq!((compiled.plan.tasks().count(), compiled.contents.iter().count()), (tasks, 1));
        took
    };
    let (few, many) = (took(1_000), took(10_000));
    assert!(many < few * 40, "{few:?} {many:?}");
}

#[test]
fn many_mistakes_are_cut_off_and_counted() {
    let shown = check(&"- file: {dest: x}\n".repeat(10_000));
    assert_eq!(shown.matches("error: `x` is not").count(), 100);
    assert!(shown.ends_with("error: 9900 more mistakes are not shown\n"));
}

#[test]
fn a_file_of_nothing_but_mistakes_is_given_up() {
    let shown = check(&"- name: \"x\n  file: {dest: x\n".repeat(1000));
    assert_eq!(shown.matches("error: this quote is not closed").count(), 50);
    assert!(shown.contains("nothing from here on was read\n   --> site.yml:101:1"), "{shown}");
}

#[test]
fn sources_are_found_beside_the_manifest_then_in_the_working_directory() {
    let directory = tempfile::tempdir().unwrap();
    let at = |below: &str| directory.path().join(below);
    fs::create_dir_all(at("work/tree/sub")).unwrap();
    fs::write(at("a"), "beside").unwrap();
    fs::write(at("work/a"), "not this").unwrap();
    fs::write(at("work/tree/run.sh"), "run").unwrap();
    fs::write(at("work/tree/sub/b"), "").unwrap();
    for (name, mode) in [("a", 0o644), ("work/tree/run.sh", 0o700), ("work/tree/sub/b", 0o644)] {
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    symlink("../a", at("work/tree/sub/link")).unwrap();
    assert_snapshot!(compile_in(
        directory.path(),
        "- file: {src: a, dest: /a}\n- file: {src: tree/, dest: /t}\n"
    ), @r#"
    NamedSource {
        written: "a",
        source: File(
            SourceFile {
                name: "a",
                digest: 5bcaffed4d27f7b2dd939334aa6032a0770b552e4059c50e76b5c8e64219af93,
                size: 6,
                mode: 0644,
            },
        ),
    }
    NamedSource {
        written: "tree/",
        source: Tree {
            name: "tree",
            entries: [
                TreeEntry {
                    path: RelPath(
                        "run.sh",
                    ),
                    kind: File(
                        SourceFile {
                            name: "run.sh",
                            digest: acba25512100f80b56fc3ccd14c65be55d94800cda77585c5f41a887e398f9be,
                            size: 3,
                            mode: 0700,
                        },
                    ),
                },
                TreeEntry {
                    path: RelPath(
                        "sub",
                    ),
                    kind: Directory,
                },
                TreeEntry {
                    path: RelPath(
                        "sub/b",
                    ),
                    kind: File(
                        SourceFile {
                            name: "b",
                            digest: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,
                            size: 0,
                            mode: 0644,
                        },
                    ),
                },
                TreeEntry {
                    path: RelPath(
                        "sub/link",
                    ),
                    kind: Link {
                        target: "../a",
                    },
                },
            ],
        },
    }
    "#);
}

#[test]
fn sources_that_cannot_be_sent_are_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("t/sub")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("t/sub/s")).unwrap();
    use std::os::unix::ffi::OsStrExt;
    fs::write(directory.path().join("t").join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    assert_snapshot!(compile_in(
        directory.path(),
        "- file: {src: missing/x.conf, dest: /a}\n- file:\n    src: t\n    dest: /t\n- file: {dest: /x, src: /nowhere/y}\n"
    ), @"
    error: `missing/x.conf` is not there: neither `DIR/missing/x.conf` nor `DIR/work/missing/x.conf` exists
     --> site.yml:1:15
      |
    1 | - file: {src: missing/x.conf, dest: /a}
      |               ^^^^^^^^^^^^^^
      |
      = hint: a relative path starts next to the manifest, else in the working directory

    error: `DIR/t/sub/s` is a socket, which cannot be copied
     --> site.yml:3:10
      |
    3 |     src: t
      |          ^
      |
      = hint: only files, directories and symbolic links can be

    error: the name `DIR/t/�` is not UTF-8
     --> site.yml:3:10
      |
    3 |     src: t
      |          ^
      |
      = hint: rename it

    error: `/nowhere/y` does not exist on this machine
     --> site.yml:5:25
      |
    5 | - file: {dest: /x, src: /nowhere/y}
      |                         ^^^^^^^^^^
      |
      = hint: it names a file or directory on this machine, not on the host
    ");
}

#[test]
fn sources_are_looked_up_whatever_else_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let said = compile_in(
        directory.path(),
        "- file: {dest: /a, mode: 0999}\n- file: {dest: /b, src: /nowhere/b}\n- file: {dest: /c, mode: 0999, src: /nowhere/c}\n",
    );
    let places: Vec<&str> =
        said.lines().filter_map(|line| line.split("site.yml:").nth(1)).collect();
    assert_eq!(places, ["1:26", "2:25", "3:26", "3:37"], "{said}");
}

#[test]
fn a_source_that_changes_is_noticed_before_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, "hello").unwrap();
    let manifest = parse(b"- file: {src: a, dest: /a}\n").unwrap();
    let compiled = compiled(&manifest, directory.path()).unwrap();
    let (digest, _) = compiled.contents.iter().next().unwrap();
    let read = || {
        let mut text = Vec::new();
        compiled.contents.reader(digest, 0).and_then(|mut r| r.next(10, &mut text)).map(|()| text)
    };
    assert_eq!(read().unwrap(), b"hello");
    for other in ["hallo", "hell", "hello!", ""] {
        fs::write(&path, other).unwrap();
        // The clock of file systems may not have moved on yet.
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
        fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        assert!(read().unwrap_err().to_string().ends_with("has changed since the run began"));
    }
    fs::remove_file(&path).unwrap();
    assert!(read().is_err());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = parse(&bytes).map_err(|diagnostics| diagnostics.to_string());
    }

    #[test]
    fn no_pieces_of_manifests_make_it_panic(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "- ", "  ", "\n", "file", "apt", ": ", "{", "}", "[", "]", ", ", "dest", "/x", "\"", "'", "\t", "*a", "&a ",
            "<<", "#", "|\n", ">", "!!str ", "!x ", "---\n", "é", "\u{feff}", "\r\n", "name", "? ", "{{ x }}", "tasks:\n",
        ]), 0..40)
    ) {
        let _ = parse(pieces.concat().as_bytes()).map_err(|diagnostics| diagnostics.to_string());
    }
}
