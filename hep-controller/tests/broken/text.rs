//! Quotes, brackets, braces and other marks that mean something to YAML.

use super::{site, sound, validate};
use insta::assert_snapshot;

#[test]
fn an_expression_without_quotes() {
    assert_snapshot!(site("- vars: {path: /etc/motd}
  file:
    dest: {{ path }}
    content: hello
"), @r#"
    error: a text that begins with `{` needs quotes
     --> site.yml:3:11
      |
    3 |     dest: {{ path }}
      |           ^^^^^^^^^^
      |
      = hint: write `"{{ path }}"`
    "#);
}

#[test]
fn an_expression_without_quotes_before_text() {
    assert_snapshot!(site("- vars: {etc: /etc}
  file:
    dest: {{ etc }}/motd
    content: hello
"), @r#"
    error: a text that begins with `{` needs quotes
     --> site.yml:3:11
      |
    3 |     dest: {{ etc }}/motd
      |           ^^^^^^^^^^^^^^
      |
      = hint: write `"{{ etc }}/motd"`
    "#);
}

#[test]
fn a_colon_in_a_name() {
    assert_snapshot!(site("- name: step 1: install
  apt: {package: nginx}
"), @r#"
    error: a second `: ` cannot be in this value
     --> site.yml:1:15
      |
    1 | - name: step 1: install
      |               ^
      |
      = hint: put the value into quotes: `name: "step 1: install"`
    "#);
}

#[test]
fn a_colon_in_a_line_below_a_module() {
    assert_snapshot!(site("- name: x
  command:
    shell: echo a: b
"), @r#"
    error: a second `: ` cannot be in this value
     --> site.yml:3:18
      |
    3 |     shell: echo a: b
      |                  ^
      |
      = hint: put the value into quotes: `shell: "echo a: b"`
    "#);
    assert_snapshot!(site("- name: x
  command:
    chdir: /tmp
    shell: grep \"x: y\" it's: z
"), @r#"
    error: a second `: ` cannot be in this value
     --> site.yml:4:19
      |
    4 |     shell: grep "x: y" it's: z
      |                   ^
      |
      = hint: put the value into quotes: `shell: 'grep "x: y" it''s: z'`
    "#);
}

#[test]
fn a_name_that_begins_with_a_bracket() {
    assert_snapshot!(site("- name: [web] install
  apt: {package: nginx}
"), @r#"
    error: a text that begins with `[` needs quotes
     --> site.yml:1:9
      |
    1 | - name: [web] install
      |         ^^^^^^^^^^^^^
      |
      = hint: write `"[web] install"`
    "#);
}

#[test]
fn a_text_that_goes_on_after_its_quote() {
    assert_snapshot!(site(r#"- name: "web" server
  apt: {package: nginx}
"#), @r#"
    error: a text in quotes ends before this
     --> site.yml:1:15
      |
    1 | - name: "web" server
      |               ^
      |
      = hint: put the whole value into `'`; inside of `"`, write `\"` for a quote
    "#);
}

#[test]
fn a_percent_sign_at_the_beginning() {
    assert_snapshot!(site("- file:
    dest: /etc/motd
    content: %h is here
"), @"
    error: a text cannot begin with this character
     --> site.yml:3:14
      |
    3 |     content: %h is here
      |              ^
      |
      = hint: put the text into quotes
    ");
}

#[test]
fn a_quote_never_closed() {
    assert_snapshot!(site(r#"- name: "install
  apt: {package: nginx}
- name: other
  command: {argv: [ls]}
"#), @r#"
    error: this quote is not closed
     --> site.yml:1:9
      |
    1 | - name: "install
      |         ^
      |
      = hint: close the text with the same quote at its end
    "#);
}

#[test]
fn an_apostrophe_in_quotes() {
    assert_snapshot!(site("- name: 'don't panic'
  apt: {package: nginx}
"), @r#"
    error: a text in quotes ends before this
     --> site.yml:1:14
      |
    1 | - name: 'don't panic'
      |              ^
      |
      = hint: put the whole value into `"`; inside of `'`, write `''` for a quote
    "#);
}

#[test]
fn a_backslash_in_double_quotes() {
    assert_snapshot!(site(r#"- command: {argv: [grep, "\d+", /etc/passwd]}
"#), @r#"
    error: this is no escape that a text in `"` may have
     --> site.yml:1:26
      |
    1 | - command: {argv: [grep, "\d+", /etc/passwd]}
      |                          ^
      |
      = hint: write `\\` for a backslash, or put the text into single quotes
    "#);
}

#[test]
fn a_brace_never_closed() {
    assert_snapshot!(site("- name: web
  apt: {package: nginx
- name: other
  command: {argv: [ls]}
"), @"
    error: this `{` is not closed
     --> site.yml:2:8
      |
    2 |   apt: {package: nginx
      |        ^
      |
      = hint: write `}` after the last value
    ");
}

#[test]
fn a_bracket_never_closed() {
    assert_snapshot!(site("- apt:
    package: [nginx, curl
    action: install
"), @"
    error: this `[` is not closed
     --> site.yml:2:14
      |
    2 |     package: [nginx, curl
      |              ^
      |
      = hint: write `]` after the last value
    ");
}

#[test]
fn a_comma_forgotten() {
    assert_snapshot!(site("- file: {dest: /etc/motd content: hello}\n"), @"
    error: there is no `,` or `}` before this
     --> site.yml:1:26
      |
    1 | - file: {dest: /etc/motd content: hello}
      |                          ^^^^^^^
      |
      = hint: write `{key: value, key: value}`; values with `,`, `{` or `}` in them need quotes
    ");
}

#[test]
fn a_value_of_ansible_vault() {
    assert_snapshot!(site(r#"- vars:
    licence: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      6162
  command: {argv: [register, "{{ licence }}"]}
"#), @"
    error: this is encrypted with ansible-vault, which hep cannot decrypt
     --> site.yml:2:14
      |
    2 |     licence: !vault |
      |              ^^^^^^
      |
      = hint: write the value itself, or leave it out here and give it with `-e @FILE`
    ");
}

#[test]
fn an_anchor_that_does_not_exist() {
    assert_snapshot!(site("- file: &usual {dest: /etc/motd, owner: root}
- file: {<<: *usaul, dest: /etc/issue}
"), @"
    error: there is no anchor `&usaul` before this
     --> site.yml:2:14
      |
    2 | - file: {<<: *usaul, dest: /etc/issue}
      |              ^^^^^^
      |
      = hint: did you mean `*usual`? a text that begins with `*` needs quotes
    ");
}

#[test]
fn two_documents() {
    assert_snapshot!(site("- command: {argv: [ls]}
---
- command: {argv: [ls]}
"), @"
    error: a second document begins here
     --> site.yml:2:1
      |
    2 | ---
      | ^^^
      |
      = hint: a file holds one document: remove the `---`
    ");
}

#[test]
fn a_key_without_a_value() {
    assert_snapshot!(site("- file:
    dest: /etc/motd
    owner:
    content: hello
"), @"
    error: `owner` has no value
     --> site.yml:3:5
      |
    3 |     owner:
      |     ^^^^^
      |
      = hint: write a value after it, or remove the key
    ");
}

#[test]
fn braces_of_another_programs_templates() {
    for (written, braces) in [
        ("docker ps --format '{{.Names}}'", "{{.Names}}"),
        ("docker ps --format '{{ .Names }} {{.Image}}'", "{{ .Names }}"),
        ("podman info --format '{{$x := .Store}}{{$x.Root}}'", "{{$x := .Store}}"),
        ("kubectl get -o go-template='{{- .kind -}}'", "{{- .kind -}}"),
        ("docker inspect -f '{{json .Config}}' web", "{{json .Config}}"),
        ("docker inspect -f '{{range .Mounts}}x{{end}}' web", "{{range .Mounts}}"),
    ] {
        let text = format!("- command: \"{written}\"\n");
        let (screen, code) = validate(&[("site.yml", text.as_bytes())]);
        assert_eq!(code, 2, "{written}: {screen}");
        assert!(screen.contains("it looks like a template of Go's"), "{written}: {screen}");
        let hint = format!("`{{% raw %}}{braces}{{% endraw %}}`");
        assert!(screen.contains(&hint), "{written}: {screen}");
        // The advice works.
        let raw = written.replacen("'{{", "'{% raw %}{{", 1).replacen("}}'", "}}{% endraw %}'", 1);
        let raw = if raw == written { format!("{{% raw %}}{written}{{% endraw %}}") } else { raw };
        sound(&format!("- command: \"{raw}\"\n"));
    }
    sound("- command: \"docker ps --format {{ '{{.Names}}' }}\"\n");
    let screen = site("- debug: {msg: \"{{ $site }}\"}\n");
    assert!(screen.contains("names have no `$` before them"), "{screen}");
}

#[test]
fn a_bracket_in_a_text_within_brackets() {
    let check = |line: &str, message: &str, hint: &str| {
        let screen = site(line);
        assert!(screen.contains(message) && screen.contains(hint), "{screen}");
    };
    let list = "within brackets, this `[` ends the text before it";
    let quoted = "put the whole value into quotes: `\"l.results[1]\"`";
    check("- debug: {var: l.results[1]}\n", list, quoted);
    check("- debug: {var: l.results[1], msg: x}\n", list, quoted);
    check("- debug: {\n    var: l.results[1]\n  }\n", list, quoted);
    check("- debug: {msg: [a[0], b]}\n", list, "quotes: `\"a[0]\"`");
    let braces = "this `{` ends the text before it";
    check("- file: {dest: /etc/{{ x }}, mode: 1}\n", braces, "quotes: `\"/etc/{{ x }}\"`");
    let open = "this `[` is not closed before the next `}`";
    check("- debug: {msg: [1,2}\n", open, "write `]` after the last value");
}
