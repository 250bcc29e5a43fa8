//! The language: what the keys of tasks and blocks become in a plan.

use super::plan;
use insta::assert_snapshot;

fn check(text: &str) -> String {
    plan(&[("site.yml", text)], &[])
}

#[test]
fn every_key_reaches_the_plan() {
    assert_snapshot!(check(
        "- hosts: web
  name: all keys
  vars: {names: [a, b]}
  handlers_on_failure: skip
  tasks:
  - name: one
    command: {argv: [true]}
    when: [port > 0, true]
    loop: \"{{ names }}\"
    loop_control: {var: n, index: i, label: \"{{ n }}\"}
    register: out
    notify: reload
    ignore_error: true
    retries: 4
    delay: 1
    until: result.rc == 0
    changed_when: false
    failed_when: [out.rc > 1]
    vars: {x: 1}
    env: {A: b}
    tags: [t, u]
    timeout: 9
    sensitive: true
    check: never
  - name: as Ansible spells it
    command: {argv: [true]}
    with_items: [a]
    loop_control: {loop_var: n, index_var: i}
    ignore_errors: true
    until: result.rc == 0
    environment: {A: b}
    no_log: true
    check_mode: true
  - flush: true
  - set: {release: \"{{ os.codename }}-backports\"}
  - debug: {var: release}
  handlers:
  - name: reload
    listen: topic
    service: {name: nginx, action: reload}
"
    ), @r#"
    play all keys {"names":["a","b"]} Skip
      0 one: when=["port > 0","true"] each={"over":"{{ names }}","var":"n","index":"i","label":"{{ n }}"} register="out" notify=[5] retry={"retries":4,"delay":1,"until":["result.rc == 0"]} changed_when=["false"] failed_when=["out.rc > 1"] layers=[["Task",{"x":1}]] env=[{"A":"b"}] timeout=9 privacy="Sensitive" check="Never" GoOn
      1 as Ansible spells it: each={"over":["a"],"var":"n","index":"i","label":null} retry={"retries":3,"delay":5,"until":["result.rc == 0"]} env=[{"A":"b"}] privacy="Sensitive" check="Always" GoOn
      2 run notified handlers:
      3 set: set {"release":"{{ os.codename }}-backports"}
      4 debug release:
      handler 5 reload:
    web1: [0]
    web2: [0]
    "#);
}

#[test]
fn blocks_are_counted_and_hand_down() {
    assert_snapshot!(check(
        "- block:
  - command: {argv: [a]}
  - block:
    - {command: {argv: [b]}, ignore_error: false, env: {B: \"2\"}, timeout: 1}
    when: port > 100
    tags: inner
  rescue:
  - debug: {msg: failed}
  always:
  - debug: {msg: over}
  vars: {a: 1}
  ignore_error: true
  env: {A: \"1\"}
  sensitive: true
  check: always
  timeout: 5
- block:
  - debug: {msg: nothing around me}
  tags: x
- {debug: {msg: \"{{ item }}\"}, loop: [1, 2.5, 0644]}
"
    ), @r#"
    play  null Run
      block 3+1+1 vars={"a":1}
      0 command: env=[{"A":"1"}] timeout=5 privacy="Sensitive" check="Always" GoOn
      block 1+0+0 when=["port > 100"]
      1 command: env=[{"A":"1"},{"B":"2"}] timeout=1 privacy="Sensitive" check="Always"
      2 debug: env=[{"A":"1"}] timeout=5 privacy="Sensitive" check="Always" GoOn
      3 debug: env=[{"A":"1"}] timeout=5 privacy="Sensitive" check="Always" GoOn
      4 debug:
      5 debug: debug {"msg":"{{ item }}"} each={"over":[1,2.5,"0644"],"var":"item","index":null,"label":null}
    web1: [0]
    web2: [0]
    db1: [0]
    "#);
}

#[test]
fn whoever_a_task_runs_as_is_said_from_the_outside_to_the_inside() {
    assert_snapshot!(check("- hosts: web
  become: true
  become_user: app
  tasks:
  - debug: {msg: a}
  - {debug: {msg: b}, become: false}
  - block:
    - debug: {msg: c}
    - {debug: {msg: d}, become_user: \"{{ os.id }}\"}
    become_user: postgres
    become_method: doas
  handlers:
  - {name: h, debug: {msg: e}, become_user: root}
"), @r#"
    play  null Run
      0 debug: act_as={"wanted":true,"user":"app"}
      1 debug: act_as={"wanted":false,"user":"app"}
      2 debug: act_as={"wanted":true,"user":"postgres"}
      3 debug: act_as={"wanted":true,"user":"{{ os.id }}"}
      handler 4 h: act_as={"wanted":true,"user":"root"}
    web1: [0]
    web2: [0]
    "#);
}

#[test]
fn a_user_whom_nobody_becomes_is_told() {
    assert_snapshot!(check("- hosts: web
  tasks:
  - debug: {msg: a}
    become_user: app
  - {debug: {msg: b}, become_user: app, become: true}
"), @r#"
    play  null Run
      0 debug: act_as={"wanted":null,"user":"app"}
      1 debug: act_as={"wanted":true,"user":"app"}
    web1: [0]
    web2: [0]
    warning: site.yml:4: `become_user` has no effect without `become: true`
    "#);
}

/// Octal digits read as decimal, and the other way round, give group or others what the owner has not.
#[test]
fn a_mode_that_favours_others_is_told() {
    let warnings = |mode: &str| {
        let shown = check(&format!(
            "- file: {{dest: /a, content: x, mode: {mode}}}\n  vars: {{m: 420, n: 0644, l: [420]}}\n"
        ));
        let lines = shown.lines().filter_map(|line| line.trim().strip_prefix("warning: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let decimal = |written: &str, meant: &str| {
        vec![format!(
            "site.yml:1: the mode `{written}` gives group or others more than the owner; digits are octal: \
             {written} in decimal is `{meant}`"
        )]
    };
    assert_eq!(warnings("420"), decimal("420", "0644"));
    assert_eq!(warnings("'420'"), decimal("420", "0644"));
    assert_eq!(warnings("'{{ m }}'"), decimal("420", "0644"));
    assert_eq!(warnings("'{{ l[0] | int }}'"), decimal("420", "0644"));
    for mode in ["{{ n }}", "{{ os.name }}"] {
        assert_eq!(warnings(&format!("'{mode}'")), Vec::<String>::new(), "{mode}");
    }
    // What it is in decimal would favour others too: that was not meant either.
    for mode in ["0044", "'0270'", "177", "0007"] {
        let told = warnings(mode);
        assert_eq!(told.len(), 1, "{mode}: {told:?}");
        assert!(told.iter().all(|told| !told.contains("decimal")), "{mode}: {told:?}");
    }
    for mode in ["644", "0644", "0755", "'4755'", "0600", "0770", "0000", "u=r,g=rw", "\"{{ 0 }}\""]
    {
        assert_eq!(warnings(mode), Vec::<String>::new(), "{mode}");
    }
}
