//! Local files that expressions name, for each kind of hosts.

use super::plan;
use insta::assert_snapshot;

#[test]
fn sources_are_found_for_every_host_and_element() {
    let files = [
        (
            "site.yml",
            "- file: {src: \"{{ host }}.conf\", dest: /a}\n- file: {src: \"files/{{ item }}\", dest: \"/{{ item }}\"}\n  loop: [x, y]\n- file: {src: \"files/{{ os.codename }}.conf\", dest: /b}\n- file: {template: \"{{ kind }}.j2\", dest: /c}\n  vars: {kind: page}\n- file: {src: \"{{ where }}\", dest: /c, action: link}\n  vars: {where: /nowhere}\n",
        ),
        ("web1.conf", "1"),
        ("web2.conf", "2"),
        ("db1.conf", "3"),
        ("files/x", ""),
        ("files/y", ""),
        ("files/bookworm.conf", ""),
        ("files/trixie.conf", ""),
        ("page.j2", "{% for n in range(port) %}{{ n }}{% endfor %}\n{{ os.codename }}"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    play  null Run
      0 file /a: file {"src":"{{ host }}.conf","dest":"/a"} ["db1.conf", "web1.conf", "web2.conf"]
      1 file: file {"src":"files/{{ item }}","dest":"/{{ item }}"} each={"over":["x","y"],"var":"item","index":null,"label":null} ["files/x", "files/y"]
      2 file /b: file {"src":"files/{{ os.codename }}.conf","dest":"/b"} ["files/bookworm.conf", "files/trixie.conf"]
      3 file /c: file {"template":"{{ kind }}.j2","dest":"/c"} layers=[["Task",{"kind":"page"}]] ["page.j2"]
      4 file /c: file {"src":"{{ where }}","dest":"/c","action":"link"} layers=[["Task",{"where":"/nowhere"}]]
    web1: [0]
    web2: [0]
    db1: [0]
    "#);
}

#[test]
fn sources_that_are_not_there_are_told_by_host() {
    let files = [
        (
            "site.yml",
            "- file: {src: \"{{ host }}.conf\", dest: /a}\n- file: {src: \"none/{{ os.codename }}.conf\", dest: /b}\n- file: {src: \"{{ os.id }}\", dest: /b}\n- {command: {argv: [true]}, register: r}\n- file: {template: bad.j2, dest: /c}\n- file: {template: dir, dest: /d}\n",
        ),
        ("web1.conf", "1"),
        ("dir/x", ""),
        ("bad.j2", "port {{ prot }}\n{% if r.rc %}\n{{ data }}\n{% endif %}\n{{ r.nothing }}\n"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    error: `db1.conf` is not there: `db1.conf` does not exist, for `db1`
     --> site.yml:1:15
      |
    1 | - file: {src: "{{ host }}.conf", dest: /a}
      |               ^^^^^^^^^^^^^^^^^
      |
      = hint: it is a path on this machine, next to the manifest, and not on the host

    error: `web2.conf` is not there: `web2.conf` does not exist, for `web2`
     --> site.yml:1:15
      |
    1 | - file: {src: "{{ host }}.conf", dest: /a}
      |               ^^^^^^^^^^^^^^^^^
      |
      = hint: it is a path on this machine, next to the manifest, and not on the host

    error: no file matches `none/*.conf`: searched `none/*.conf`
     --> site.yml:2:15
      |
    2 | - file: {src: "none/{{ os.codename }}.conf", dest: /b}
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = hint: `*` stands for what the host decides: the files it may request must exist

    error: only the host knows which local file this is
     --> site.yml:3:15
      |
    3 | - file: {src: "{{ os.id }}", dest: /b}
      |               ^^^^^^^^^^^^^
      |
      = hint: write a part of the path that is the same for all hosts, as in `files/{{ os.codename }}.conf`

    error: a template is a file, and this is a directory
     --> site.yml:6:20
      |
    6 | - file: {template: dir, dest: /d}
      |                    ^^^
      |
      = hint: write `src` to copy a directory

    error: `prot` is not defined
     --> bad.j2:1:9
      |
    1 | port {{ prot }}
      |         ^^^^
      |
      = hint: did you mean `port`?

    error: `data` is not defined, for `web1`, `web2`
     --> bad.j2:3:4
      |
    3 | {{ data }}
      |    ^^^^
      |
      = hint: give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`

    error: `r` has no `nothing`
     --> bad.j2:5:6
      |
    5 | {{ r.nothing }}
      |      ^^^^^^^
      |
      = hint: it has `attempts`, `changed`, `changes`, `failed`, `msg`, `skipped`, `truncated`, `rc`, `stderr`, `stderr_lines`, `stdout` and `stdout_lines`
    "#);
    let files = [
        ("site.yml", "- file: {template: bad.j2, dest: /c}\n"),
        ("bad.j2", "a\n{% if x %}\nb {{ c\n"),
    ];
    assert_snapshot!(plan(&files, &[]), @"
    error: this `{{` is never closed
     --> bad.j2:3:3
      |
    3 | b {{ c
      |   ^^
      |
      = hint: write `}}` after the expression
    ");
}
