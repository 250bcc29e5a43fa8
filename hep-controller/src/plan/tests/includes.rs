//! Included files: blocks of a play, and what is said of those that cannot be read.

use super::plan;
use insta::assert_snapshot;

#[test]
fn includes_are_blocks_and_bring_their_handlers() {
    let files = [
        (
            "site.yml",
            "- name: first\n  hosts: web\n  include: base.yml\n  tasks:\n  - include: roles/web.yml\n    vars: {page: own}\n    when: port == 80\n    loop: [1, 2]\n    notify: restart\n",
        ),
        ("base.yml", "- debug: {msg: base}\n"),
        (
            "roles/web.yml",
            "vars: {page: usual, other: 1}\ntasks:\n- {file: {src: page.html, dest: /srv/x}}\n- include: deep.yml\nhandlers:\n- {name: restart, service: {name: nginx, action: restart}}\n- include: more.yml\n",
        ),
        ("roles/deep.yml", "- {debug: {msg: \"{{ page }} {{ item }}\"}, notify: more}\n"),
        ("roles/more.yml", "- {name: more, debug: {msg: \"{{ other }}\"}}\n"),
        ("roles/page.html", "x"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    play first null Run
      0 debug:
      block 2+0+0 when=["port == 80"] each={"over":[1,2],"var":"item","index":null,"label":null} vars={"page":"own","other":1}
      1 file /srv/x: notify=[3] ["page.html"]
      2 debug {{ page }} {{ item }}: debug {"msg":"{{ page }} {{ item }}"} notify=[3,4]
      handler 3 restart: layers=[["Task",{"page":"own","other":1}]]
      handler 4 more: debug {"msg":"{{ other }}"} layers=[["Task",{"page":"own","other":1}]]
    web1: [0]
    web2: [0]
    "#);
}

#[test]
fn includes_that_cannot_be_read_are_explained() {
    let files = [
        (
            "site.yml",
            "- include: a.yml\n- include: missing.yml\n- include: \"{{ os.id }}.yml\"\n- include: plays.yml\n- include: [a.yml]\n- include: words.yml\n  register: x\n  file: {dest: /x}\n",
        ),
        ("a.yml", "- include: b.yml\n"),
        ("b.yml", "- debug: {msg: b}\n- include: a.yml\n- debug: {mgs: b}\n"),
        ("plays.yml", "- hosts: all\n  tasks: []\n"),
        ("words.yml", "hello\n"),
    ];
    assert_snapshot!(plan(&files, &[]), @r#"
    error: the file includes itself: a.yml -> b.yml -> a.yml
     --> b.yml:2:12
      |
    2 | - include: a.yml
      |            ^^^^^
      |
      = hint: remove one of these includes

    error: unknown parameter `mgs` of `debug`
     --> b.yml:3:11
      |
    3 | - debug: {mgs: b}
      |           ^^^
      |
      = hint: did you mean `msg`? `debug` has msg, var

    error: cannot include `missing.yml`: no such file or directory
     --> site.yml:2:12
      |
    2 | - include: missing.yml
      |            ^^^^^^^^^^^
      |
      = hint: the path is relative to the file with the include

    error: the name of an included file must be known before the run
     --> site.yml:3:12
      |
    3 | - include: "{{ os.id }}.yml"
      |            ^^^^^^^^^^^^^^^^^
      |
      = hint: include each possible file with its own `when`

    error: `plays.yml` holds plays, and only tasks can be included
     --> site.yml:4:12
      |
    4 | - include: plays.yml
      |            ^^^^^^^^^
      |
      = hint: include a file with a list of tasks, or push that file by itself

    error: `include` takes the name of a file, found a list
     --> site.yml:5:12
      |
    5 | - include: [a.yml]
      |            ^^^^^^^
      |
      = hint: write one entry for each file

    error: an include has no result of its own, so `register` means nothing here
     --> site.yml:7:3
      |
    7 |   register: x
      |   ^^^^^^^^
      |
      = hint: move the key to the task inside that it applies to

    error: an include has no `file` beside it
     --> site.yml:8:3
      |
    8 |   file: {dest: /x}
      |   ^^^^
      |
     ::: site.yml:6:3
      |
    6 | - include: words.yml
      |   ^^^^^^^ this makes it an include
      |
      = hint: make two entries of it, each beginning with `- `

    error: an included file is a list of tasks, found the text `hello`
     --> words.yml:1:1
      |
    1 | hello
      | ^^^^^
      |
      = hint: begin each task with `- name: ...` and write its module below
    "#);
}
