//! Calls, and what they are for hep.

use super::*;
use crate::yaml::parse;
use std::path::Path;

/// A task with one key, its module; `args` may stand beside it.
fn lowered(text: &str) -> String {
    let source = Source::from_bytes(Path::new("site.yml"), text.as_bytes().to_vec()).unwrap();
    let (task, problems) = parse(&source);
    assert!(problems.is_empty(), "{problems}");
    let task = task.unwrap();
    let entry = task.entries().iter().find(|entry| &*entry.key.text != "args").unwrap();
    let args = task.entry("args").map(|entry| &entry.value);
    let call = Call {
        source: &source,
        module: &entry.key,
        value: &entry.value,
        args,
        as_ansible: false,
        defaults: &[],
    };
    let shown = |all: Diagnostics| {
        let all = all.into_iter().map(|one| match one.hint {
            Some(hint) => format!("{}; {hint}", one.message),
            None => one.message,
        });
        all.collect::<Vec<_>>().join(" | ")
    };
    match lower(&call) {
        Ok(Lowered { module, params, when, warnings }) => {
            let warnings = warnings.into_iter().map(|one| format!(" ! {}", one.message));
            let when = when.into_iter().map(|one| format!(" if {one}"));
            let more: String = when.chain(warnings).collect();
            format!("{module} {}{more}", params.to_json())
        }
        Err(Unlowered::Mistakes(all)) => format!("mistake: {}", shown(all)),
        Err(Unlowered::Refused(all)) => format!("refused: {}", shown(all)),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(lowered(text), expected, "{text}");
}

#[test]
fn talk_needs_no_host() {
    check("debug:", r#"debug {"msg":"Hello world!"}"#);
    check("debug: msg=\"hello {{ x }}\"", r#"debug {"msg":"hello {{ x }}"}"#);
    check(
        "debug: {var: result.stdout, verbosity: 2}",
        r#"debug {"var":"result.stdout"} if ansible_verbosity >= (2) | int"#,
    );
    check("ansible.builtin.debug: {var: \"{{ result }}\"}", r#"debug {"var":"result"}"#);
    check(
        "assert: {that: [\"a == 1\", \"{{ b }}\"], fail_msg: no, quiet: yes}",
        r#"assert {"that":["a == 1","b"],"msg":"no"}"#,
    );
    check("fail:", r#"fail {"msg":"Failed as requested from task"}"#);
    check("set_fact: a=1 b=yes", r#"set {"a":"1","b":"yes"}"#);
    check(
        "set_fact: {a: 1, b: yes, c: \"yes\", cacheable: yes}",
        r#"set {"a":1,"b":true,"c":"yes"}"#,
    );
    check("meta: flush_handlers", "flush true");
}

#[test]
fn programs_are_a_command() {
    check(
        "command: echo hi creates=/tmp/x\nargs: {chdir: /tmp}",
        r#"command {"argv":"echo hi","expand":true,"chdir":"/tmp","creates":"/tmp/x"}"#,
    );
    check(
        "command: echo hi chdir=/a\nargs: {chdir: /tmp}",
        r#"command {"argv":"echo hi","expand":true,"chdir":"/a"}"#,
    );
    check(
        "command: {argv: [a, b], stdin: x, expand_argument_vars: no}",
        r#"command {"argv":["a","b"],"expand":"no","stdin":"x\n"}"#,
    );
    check(
        "shell: \"ls | wc -l\"\nargs: {executable: /bin/bash}",
        r#"command {"shell":"ls | wc -l","executable":"/bin/bash"}"#,
    );
    check("raw: apt-get -y x", r#"command {"shell":"apt-get -y x","terminal":true}"#);
    check(
        "script: '\"my script.sh\" {{ a }} b=c creates=/d'",
        r#"command {"script":"my script.sh","arguments":"{{ a }} b=c","terminal":true,"creates":"/d"}"#,
    );
    check(
        "script: {cmd: x.py, executable: python3}",
        r#"command {"script":"x.py","terminal":true,"executable":"python3"}"#,
    );
    check(
        "command: \"echo 'x\"",
        "mistake: a quote or an expression in this line is never closed; \
         write the parameters as `key: value` lines \
         | `command` has nothing to run; write the command after it, or below it as `cmd`",
    );
}

#[test]
fn files_say_what_ansible_does_unasked() {
    check(
        "copy: src=foo.conf dest=/etc/foo.conf owner=root mode=0644",
        r#"file {"dest":"/etc/foo.conf","executable":false,"parents_alike":true,"directory_mode":"u+","mode":"0644","src":"foo.conf","owner":"root"}"#,
    );
    check(
        "copy: {src: d/, dest: /srv/d, mode: \"0640\", directory_mode: \"0750\"}",
        r#"file {"dest":"/srv/d","executable":false,"parents_alike":true,"directory_mode":"0750","mode":"0640","src":"d/"}"#,
    );
    check(
        "copy: {src: /a, dest: /b, remote_src: yes, force: no}",
        r#"file {"dest":"/b","copy_of":"/a","executable":false,"parents_alike":true,"directory_mode":"u+","overwrite":"no"}"#,
    );
    check(
        "template: {src: a.j2, dest: /a, lstrip_blocks: yes, newline_sequence: \"\\r\\n\", variable_start_string: \"<<\"}",
        r#"file {"dest":"/a","template_rules":"lstrip_blocks: yes, newline_sequence: '\\r\\n', variable_start_string: '<<'","template":"a.j2"}"#,
    );
    check(
        "template: {src: templates/a.j2, dest: /etc/x/, validate: \"visudo -cf %s\"}",
        r#"file {"dest":"/etc/x/a.j2","parents":true,"parents_alike":true,"directory_mode":"u+","template":"templates/a.j2","validate":"visudo -cf %s"}"#,
    );
    check(
        "file: {path: /a, state: directory, mode: \"0755\", recurse: yes}",
        r#"file {"action":"directory","dest":"/a","mode":"0755","parents":true,"parents_alike":true,"directory_mode":"0755","recurse":"yes","follow":true}"#,
    );
    check(
        "file: {path: /a, state: absent}",
        r#"file {"action":"absent","dest":"/a","remove_content":true}"#,
    );
    check(
        "file: {src: ../x, dest: /a, state: link, force: yes}",
        r#"file {"action":"link","dest":"/a","target":"../x","follow":true,"force":"yes"}"#,
    );
    check(
        "file: {path: /a, state: touch, access_time: preserve, modification_time: preserve}",
        r#"file {"action":"touch","dest":"/a","follow":true,"keep_times":true}"#,
    );
    check("stat: path=/etc", r#"stat {"algorithm":"sha1","path":"/etc"}"#);
}

#[test]
fn state_that_only_the_host_knows_has_what_every_state_needs() {
    check(
        "file: {path: /a, state: \"{{ s }}\", src: /b}",
        r#"file {"action":"{{ s }}","dest":"/a","target":"/b","parents":true,"parents_alike":true,"remove_content":true,"follow":true}"#,
    );
    check(
        "package: {name: x, state: \"{{ s }}\"}",
        r#"apt {"action":"{{ s }}","allow_removals":true,"package":"x"}"#,
    );
}

#[test]
fn modes_are_octal_where_that_is_likely_meant() {
    let file = |mode: &str| lowered(&format!("file: {{path: /a, mode: {mode}}}"));
    for (mode, expected) in [
        ("0644", r#"file {"dest":"/a","mode":"0644","follow":true}"#),
        ("\"644\"", r#"file {"dest":"/a","mode":"644","follow":true}"#),
        ("420", r#"file {"dest":"/a","mode":"0644","follow":true}"#),
        ("488", r#"file {"dest":"/a","mode":"0750","follow":true}"#),
        ("\"{{ m }}\"", r#"file {"dest":"/a","mode":"{{ m }}","follow":true}"#),
        ("u=rw,g=r", r#"file {"dest":"/a","mode":"u=rw,g=r","follow":true}"#),
        (
            "644",
            r#"file {"dest":"/a","mode":"644","follow":true} ! `mode: 644` is taken as octal; Ansible would take it as 1204"#,
        ),
    ] {
        let mode = if mode.starts_with("u=") { "\"u=rw,g=r\"" } else { mode };
        assert_eq!(file(mode), expected, "{mode}");
    }
}

#[test]
fn packages_and_services_take_ansible_s_states() {
    check(
        "apt: name=nginx,curl state=latest update_cache=yes cache_valid_time=3600",
        r#"apt {"action":"latest","update_cache":true,"cache_valid_time":"3600","allow_removals":true,"package":"nginx,curl"}"#,
    );
    check(
        "apt: {upgrade: dist, update_cache: yes}",
        r#"apt {"update_cache":"yes","upgrade":"dist","allow_removals":true}"#,
    );
    check(
        "apt: {name: x, state: absent, purge: yes}",
        r#"apt {"action":"remove","purge":"yes","allow_removals":true,"package":"x"}"#,
    );
    check(
        "service: name=nginx state=restarted enabled=yes",
        r#"service {"action":"restart","name":"nginx","enabled":"yes"}"#,
    );
    check("systemd: {daemon_reload: yes}", r#"service {"daemon_reload":"yes"}"#);
    check("wait_for: timeout=5", r#"wait_for {"timeout":"5"}"#);
    check(
        "wait_for: {path: /a, search_regex: \"x|y\", state: started, msg: gone}",
        r#"wait_for {"action":"present","path":"/a","pattern":"x|y","msg":"gone"}"#,
    );
}

#[test]
fn mistakes_and_refusals_name_the_way_out() {
    check(
        "systemd_service: {unit: x, scope: user}",
        "refused: hep does not support `scope` of `systemd_service`; run `systemctl --user` with `command`",
    );
    check(
        "wait_for: {port: 80, state: drained}",
        "refused: hep does not support `state` of `wait_for`; \
         wait for `state: stopped` instead, or look with `command: ss -tn`",
    );
    check(
        "service: {name: x, state: running}",
        "mistake: `running` is no value of `state`; possible are `reloaded`, `restarted`, `started` and `stopped`",
    );
    check(
        "fail: {mgs: x}",
        "mistake: unknown parameter `mgs` of `fail`; did you mean `msg`? `fail` has msg",
    );
    check(
        "meta: end_role",
        "refused: hep does not support `meta: end_role`; use `when` on the tasks that follow",
    );
    check(
        "nosuch: {name: x}",
        "refused: hep has no module `nosuch` yet; \
         leave the task out with tags or `when`, or do the same with `command`",
    );
    check(
        "debug: \"{{ m }}\"",
        "refused: only the host knows these parameters; write them as `key: value`; each value may be an expression",
    );
}

#[test]
fn modules_of_the_same_name_keep_their_parameters() {
    check(
        "lineinfile: {dest: /f, line: a, mode: 0644, serole: x, owner: root}",
        r#"lineinfile {"mode":"0644","owner":"root","dest":"/f","line":"a"}"#,
    );
    check("blockinfile: {path: /f, mode: 420}", r#"blockinfile {"mode":"0644","path":"/f"}"#);
    check(
        "replace: path=/f regexp='^a b' replace=x",
        r#"replace {"path":"/f","regexp":"^a b","replace":"x"}"#,
    );
    check(
        "ansible.posix.authorized_key: {user: a, key: k, validate_certs: no}",
        r#"authorized_key {"user":"a","key":"k"}"#,
    );
    check("community.general.locale_gen: {name: C.UTF-8}", r#"locale_gen {"name":"C.UTF-8"}"#);
    check("ansible.builtin.getent: database=passwd", r#"getent {"database":"passwd"}"#);
    check("user: {name: a, seuser: x, createhome: no}", r#"user {"name":"a","createhome":"no"}"#);
    check(
        "lineinfile: {path: /f, line: a, attributes: +i}",
        "refused: hep does not support `attributes` of `lineinfile`; set them with `command: chattr`",
    );
    check(
        "community.general.timezone: {name: UTC, hwclock: UTC}",
        "refused: hep does not support `hwclock` of `community.general.timezone`; set it with `command: timedatectl set-local-rtc`",
    );
}
