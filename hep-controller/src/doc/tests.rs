//! Pages as an operator sees them, and that nothing is left without words.

use super::*;
use insta::assert_snapshot;
use std::path::Path;
use std::{env, fs};

fn shown(topic: &str) -> String {
    page(Some(topic), Colour::Off).unwrap()
}

fn refused(topic: &str) -> String {
    match page(Some(topic), Colour::Off).unwrap_err() {
        Refusal::Other { what, hint } => format!("{what}\n{}", hint.unwrap_or_default()),
        other @ (Refusal::Mistakes(_) | Refusal::Stopped) => panic!("{other:?}"),
    }
}

#[test]
fn without_a_topic_everything_is_listed() {
    assert_snapshot!(page(None, Colour::Off).unwrap(), @r"
    Modules
      alternatives            Which of several programs a name stands for.
      apt                     Debian packages.
      apt_repository          A line of apt's sources.
      assert                  Conditions that must hold.
      authorized_key          SSH keys that let somebody log in.
      blockinfile             Lines between two marks in a file.
      command                 A program to run.
      debug                   Shows a message or a value.
      fail                    Fails with a message.
      file                    Files, directories and links.
      find                    Files below directories.
      flush                   Notified handlers, now.
      getent                  Entries of the host's databases.
      group                   Groups of users.
      hostname                The name of the host.
      ini_file                An option in a file of sections.
      lineinfile              A line of a file.
      locale_gen              Locales that programs can use.
      package_facts           The packages of the host.
      ping                    Whether tasks reach the host.
      replace                 What a pattern matches in a file.
      service                 Services.
      service_facts           The services of the host.
      set                     Variables.
      setup                   The facts of Ansible's `setup`.
      slurp                   The content of a file.
      stat                    What a path is.
      sysctl                  Parameters of the kernel.
      timezone                The time zone of the host.
      user                    Users.
      validate_argument_spec  Arguments that must be as described.
      wait_for                Waits for a port, a file or a line in a file.

    Topics
      task     The keys of a task beside its module.
      play     The keys of a play, and the forms of a manifest.
      facts    What expressions may know of a host.
      filters  What expressions can do with a value; functions.
      tests    What expressions can ask of a value.

    `hep doc NAME` shows one of them, or one key, parameter, fact, filter or test; `hep schema` prints
    the JSON Schema for editors.
    ");
}

#[test]
fn a_module_shows_all_it_takes() {
    assert_snapshot!(shown("service"), @r"
    service: services

    Parameters
      name, service (service)
          The service; needed except with `daemon_reload`.
      action (start | stop | restart | reload)
          What to do with it now.
            start: It runs.
            stop: It does not run.
            restart: Stop and start it, always.
            reload: Reload its configuration; start it if it is stopped.
      enabled (true or false)
          Whether it starts when the host boots.
      masked (true or false)
          `true` forbids every start of a systemd unit, `false` allows it again.
      daemon_reload (true or false; default: false)
          Have systemd read its unit files again first. hep does so by itself where it sees that the
          service's own unit changed.
      pattern (text)
          Text in the command line of its process, for SysV scripts that cannot tell whether the service
          runs.
      timeout (number; default: 90)
          How long it may take to reach the state, in seconds.

    Any value may be a `{{ expression }}`. `hep doc task` has the keys beside the module.

    `service: VALUE` is short for `service: {name: VALUE}`.

    Example (examples/service.yml)
      # Services, of systemd or of SysV scripts: hep sees which of them the host has.

      - name: install cron
        apt:
          package: cron

      - name: cron runs, now and after the next boot
        service:
          name: cron
          action: start
          enabled: true

      - name: cron reads its configuration
        service:
          name: cron
          action: restart
    ");
}

#[test]
fn aliases_words_and_keys_of_lists_are_shown() {
    let apt = shown("apt");
    let (before, _) = apt.split_once("  update_cache").unwrap();
    assert_snapshot!(before, @r"
    apt: Debian packages

    Parameters
      package, name, packages (package or list)
          One package or a list: `nginx`, `nginx=1.22*`, `libc6:arm64`, `/srv/tool.deb` (a path on the
          host). A pattern, `php8.2-*`, is every known package whose name matches (when removing: every
          installed one).
      action (install | latest | remove | purge | build-dep; default: install)
          What to do with them.
            install: Install them, in any version; packages installed only as dependencies are marked
              as manually installed.
            latest: Install the newest version.
            remove: Remove them; configuration files stay.
            purge: Remove them with their configuration files.
            build-dep: Install what is needed to build them.
      purge (true or false; default: false)
          With `remove`: their configuration files go, too, as with `purge`.
    ");
    let debconf = apt.lines().skip_while(|line| !line.starts_with("  debconf"));
    assert_snapshot!(debconf.take(6).collect::<Vec<_>>().join("\n"), @r"
    debconf (list of mappings)
        Answers to questions that the packages ask.
          package (text; required): The package that asks.
          question (text; required): The question: `postfix/main_mailer_type`.
          type (text; required): Its type: `select`, `string`, `boolean`, `password` ...
          value (text; required): The answer.
    ");
}

#[test]
fn modules_without_parameters_say_what_they_take() {
    let text = shown("flush");
    assert_snapshot!(text.split("\n\nExample").next().unwrap(), @r"
    flush: notified handlers, now

    Takes: true or false. The task takes no parameters; its value is `true`.
    ");
}

#[test]
fn keys_of_loops_are_shown() {
    let text = shown("task");
    let from = text.find("Keys of `loop_control`").unwrap();
    assert_snapshot!(&text[from..], @r#"
    Keys of `loop_control`
      var, loop_var (name; default: item)
          The name of the loop variable.
            var: site
      label (text; default: the item)
          How reports show an item.
            label: "{{ item.name }}"
      index, index_var (name)
          A variable that holds the item's number, counted from 0.
            index: i

    Keys of handlers
      listen (text or list)
          For a handler: additional names for `notify`; several handlers may share one.
            listen: web changed

    Example
      - name: a directory for each site
        file: {action: directory, dest: "/srv/{{ site }}", owner: www-data}
        loop: [one, two]
        loop_control: {var: site}
        when: os.id == 'debian'
        register: directories

      - name: the site answers
        command: {argv: [curl, -fsS, http://localhost/]}
        when: directories.changed
        retries: 10
        delay: 2
        until: result.rc == 0
        changed_when: false
    "#);
}

#[test]
fn facts_are_shown_with_their_fields() {
    let text = shown("facts");
    let from = text.find("  os (").unwrap();
    let to = text.find("  kernel (").unwrap();
    assert_snapshot!(&text[from..to], @r#"
    os (mapping)
        the distribution, from /etc/os-release
          id (text): `ID`, as `debian`, `ubuntu`, `rocky`
          version (text): `VERSION_ID`, as `12` or `24.04`; null on unreleased systems
          major (number): the number that the version begins with, as 12 or 24
          codename (text): `VERSION_CODENAME`, as `bookworm`; null where there is none
          family (text): `debian`, `redhat`, `suse`, `alpine`, `arch`, `gentoo`, ...: from `ID` and
            `ID_LIKE`, else the id
          name (text): `NAME`, as `Debian GNU/Linux`
          os.family == "debian" and os.major >= 12
    "#);
}

#[test]
fn one_key_fact_or_filter_has_a_page() {
    assert_snapshot!(shown("no_log"), @r"
    Key of tasks
      sensitive, no_log (true or false; default: false)
          Hide the task's values, diffs and output.
            sensitive: true
    ");
    let page = shown("name");
    let keys = "Key of tasks\n  name (text; default: made from the module and its main parameter)\n      The task's name in reports.\n        name: install the web server\n\nKey of plays\n  name (text)\n      The play's name in reports.\n        name: web servers\n\nParameter of `";
    assert!(page.starts_with(keys), "{page}");
    let aliases =
        "\n\nParameter of `apt`\n  package, name, packages (package or list)\n      One package";
    assert!(page.contains(aliases), "{page}");
    assert_snapshot!(shown("arch"), @r#"
    Fact
      arch (text)
          the machine, as `uname -m` prints it: `x86_64`, `aarch64`
            arch == "aarch64"
    "#);
    assert_snapshot!(shown("version"), @r"
    Test
      version  versions compared: `==`, `!=`, `<`, `<=`, `>`, `>=`
                 '1.10.2' is version('1.9', '>=') -> true
    ");
}

#[test]
fn filters_are_shown_with_examples() {
    let text = shown("filters");
    let lines = text.lines().skip_while(|line| !line.starts_with("  join"));
    assert_snapshot!(lines.take(4).collect::<Vec<_>>().join("\n"), @r#"
    join                  the items as one text, with this between; `attribute` for one field of each
                            ['a', 'b'] | join(', ') -> "a, b"
    last                  the last item
                            [3, 1, 2] | last -> 2
    "#);
}

#[test]
fn a_module_of_ansible_s_is_answered_with_the_one_that_does_it() {
    for (theirs, ours) in [
        ("copy", "file"),
        ("template", "file"),
        ("systemd", "service"),
        ("shell", "command"),
        ("package", "apt"),
        ("cron", "file"),
        ("ansible.builtin.copy", "file"),
        ("set_fact", "set"),
    ] {
        let page = shown(theirs);
        let short = theirs.rsplit('.').next().unwrap();
        assert!(page.starts_with(&format!("hep has no `{short}`: ")), "{page}");
        assert!(page.ends_with(shown(ours).trim_start()), "{theirs}: {page}");
    }
    assert_eq!(shown("ansible.builtin.apt"), shown("apt"));
}

#[test]
fn parameters_and_names_below_facts_are_shown() {
    let check = |word: &str, expected: &[&str]| {
        let page = shown(word);
        expected.iter().for_each(|part| assert!(page.contains(part), "{word}: {page}"));
    };
    check("mode", &["Parameter of `file`", "The mode. "]);
    check("argv", &["Parameter of `command`", "argv"]);
    check("path", &["Parameter of `file`", "Parameter of `stat`", "dest, path"]);
    check("os", &["Fact", "family"]);
    check("os.family", &["Fact", "os.family (text)"]);
    check("facts.os.family", &["os.family (text)"]);
    check("host", &["the host's name in the inventory"]);
    check("groups", &["all inventory groups"]);
    assert!(refused("os.nope").starts_with("there is no module or topic `os.nope`"));
}

#[test]
fn names_of_other_programs_get_what_to_write() {
    let check = |word: &str, hint: &str| assert!(refused(word).contains(hint), "{}", refused(word));
    check("ansible_os_family", "write `os.family`");
    check("ansible_facts.os_family", "write `os.family`");
    check("inventory_hostname", "write `host`");
    check("lookup", "expressions read nothing from outside");
    check("ok", "write `VALUE is succeeded`");
}

#[test]
fn names_that_are_none_get_the_nearest() {
    assert_eq!(refused("fiel"), "there is no module or topic `fiel`\ndid you mean `hep doc file`?");
    assert_eq!(refused("qqq"), "there is no module or topic `qqq`\n`hep doc` lists all there is");
}

#[test]
fn no_line_is_wider_than_a_page() {
    let modules = schema::modules();
    let topics = TOPICS.iter().map(|topic| topic.name);
    for topic in modules.iter().map(|module| module.name.as_str()).chain(topics) {
        let text = shown(topic);
        let said = text.split_once("\nExample").map_or(text.as_str(), |(said, _)| said);
        let wide = said.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{topic}");
    }
}

#[test]
fn colours_change_no_word() {
    let plain = |text: String| {
        let mut parts = text.split('\u{1b}');
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| all + part.split_once('m').unwrap().1)
    };
    assert_eq!(plain(page(Some("file"), Colour::Ansi).unwrap()), shown("file"));
    assert!(!shown("file").contains('\u{1b}'));
}

/// Parameters that really take whatever YAML can say.
const ANY_VALUE: [&str; 1] = ["debug.msg"];

#[test]
fn every_module_is_documented() {
    for module in schema::modules() {
        let name = &module.name;
        assert!(module.about.ends_with('.'), "{name}: its variant in TaskSpec needs a doc comment");
        assert!(module::example(name).is_some(), "examples/{name}.yml is missing");
        let says = module.parameters.get("description").is_some();
        assert!(says, "{name}: the type of its parameters needs a doc comment");
        for parameter in module::parameters(&module.parameters) {
            let place = format!("{name}.{}", parameter.name);
            assert!(!parameter.about.is_empty(), "{place} needs a doc comment");
            let says = parameter.takes != "any value" || ANY_VALUE.contains(&&*place);
            assert!(says, "{place}: its type has no schema that says what it takes");
            for (word, about) in &parameter.words {
                assert!(!about.is_empty(), "{place}: {word} needs a doc comment");
            }
            for key in &parameter.keys {
                assert!(!key.about.is_empty(), "{place}.{} needs a doc comment", key.name);
            }
        }
    }
}

#[test]
fn defaults_in_comments_are_those_of_the_types() {
    for module in schema::modules() {
        let properties = module.parameters.get("properties").and_then(|all| all.as_object());
        for parameter in module::parameters(&module.parameters) {
            let of_type = properties.and_then(|all| all.get(&parameter.name)?.get("default"));
            let Some(of_type) = of_type else { continue };
            let of_type = of_type.as_str().map_or_else(|| of_type.to_string(), str::to_owned);
            assert_eq!(parameter.default, Some(of_type), "{}.{}", module.name, parameter.name);
        }
    }
}

/// What stands between two marks in docs/language.md is made from the tables.
#[test]
fn the_tables_in_docs_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let mut text = fs::read_to_string(&path).unwrap();
    let tables = [
        ("task", keys::TASK),
        ("loop", keys::LOOP),
        ("handler", keys::HANDLER),
        ("play", keys::PLAY),
    ];
    for (name, table) in tables {
        let (begin, end) =
            (format!("<!-- {name} keys -->\n"), format!("<!-- end of {name} keys -->"));
        let from = text.find(&begin).expect("the mark is there") + begin.len();
        let to = text.find(&end).expect("the mark is there");
        let wanted = table::markdown(table);
        if env::var_os("HEP_REFRESH").is_some() {
            text.replace_range(from..to, &wanted);
        } else {
            let hint = "refresh it: `HEP_REFRESH=1 cargo test -p hep-controller up_to_date`";
            assert!(text[from..to] == wanted, "docs/language.md has other {name} keys; {hint}");
        }
    }
    if env::var_os("HEP_REFRESH").is_some() {
        fs::write(&path, text).unwrap();
    }
}
