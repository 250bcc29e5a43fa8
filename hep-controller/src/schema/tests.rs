//! The schema against every example, against mistakes of form, and against the types it is made of.

use super::*;
use crate::ast::Manifest;
use crate::read::keys::{HANDLER, LOOP, PLAY, TASK};
use crate::source::Source;
use crate::yaml;
use boon::{Compiler, SchemaIndex, Schemas};
use hep_protocol::value::{AbsPath, Dest, Mode, Owner, Package, PackageName, ServiceName};
use schemars::JsonSchema;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, fs};

/// A schema that is ready to judge.
struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn new(schema: Value) -> Judge {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(boon::Draft::V7);
        compiler.add_resource("schema.json", schema).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Judge { schemas, index }
    }

    fn of_manifests() -> Judge {
        Judge::new(manifest())
    }

    /// What is wrong; empty if nothing is.
    fn verdict(&self, value: &Value) -> String {
        match self.schemas.validate(value, self.index) {
            Ok(()) => String::new(),
            Err(error) => format!("{error:#}"),
        }
    }
}

/// A manifest as an editor sees it.
fn json_of(name: &Path, text: &str) -> Value {
    let source = Source::from_bytes(name, text.as_bytes().to_vec()).unwrap();
    let (root, problems) = yaml::parse(&source);
    assert!(problems.is_empty(), "{problems}");
    let root = root.unwrap();
    assert!(!root.has_broken(), "{text}");
    root.to_json()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every YAML file below a directory.
fn yaml_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn every_example_is_sound() {
    let judge = Judge::of_manifests();
    let mut files = Vec::new();
    yaml_files(&root().join("examples"), &mut files);
    assert!(files.len() >= 5, "{files:?}");
    for path in files {
        let value = json_of(&path, &fs::read_to_string(&path).unwrap());
        // A file of variables for `vars_files` is no manifest.
        let is_variables =
            value.is_object() && path.components().any(|part| part.as_os_str() == "vars");
        if !is_variables {
            assert_eq!(judge.verdict(&value), "", "{}", path.display());
        }
    }
}

/// Manifests of every form and with every key.
const SOUND: &[&str] = &[
    "- file: {dest: /a, content: 42, mode: 0644, owner: 33}",
    "- file: {path: /a, mod: \"u=rw,go=r\", recurse: \"{{ deep }}\"}",
    "- apt: {package: [nginx, 'php=8.2*'], cache_valid_time: \"{{ age }}\", action: \"{{ wanted }}\"}",
    "- apt: {name: nginx, hold: true, debconf: [{package: p, question: p/q, type: string, value: 1}]}",
    "- apt: {packages: \"{{ all }}\", debconf: \"{{ answers }}\"}",
    "- {command: {argv: ls -l}, when: true, register: listing, tags: a}",
    "- command: {argv: [cp, a, 7], env: {A: 1}, timeout: 5}\n  environment: {A: x}\n  timeout: \"{{ t }}\"",
    "- {service: {service: ssh, enabled: true}, ignore_errors: true, no_log: true, check_mode: false}",
    "- {block: [{service: {name: a, action: start}}], rescue: [{fail: {msg: x}}], always: [{flush: true}], when: [a, b]}",
    "- include_tasks: {file: other.yml}\n- {block: [{flush: true}], rescue: , ignore_error: \"{{ x }}\"}",
    "handlers:\n- include: handlers.yml\ntasks:",
    "- {include: other.yml, vars: {a: [1, {b: 2}]}, loop: [1, 2]}",
    "- {debug: {msg: \"{{ item }}\"}, with_items: [1], loop_control: {loop_var: x, label: y, index_var: i}}",
    "- {debug: {var: x}, loop: {a: 1}, loop_control: {var: x, index: i}}",
    "- {stat: {path: /a}, retries: 3, delay: 2, until: result.changed, changed_when: false, failed_when: [a, b]}",
    "- {set: {a: 1, b: {c: []}}, check: never, sensitive: true, env: \"{{ env }}\"}",
    "[{command: ls -l}, {apt: nginx}, {apt: [a, b]}, {wait_for: 80}, {debug: \"{{ x }}\"}, {assert: [a == 1]}]",
    "name: x\nhosts: [web, db]\nvars: {a: 1}\nvars_files: a.yml\ninclude: b.yml\nhandlers_on_failure: skip\ntasks: []",
    "tasks: [{apt: {package: ab}, notify: [b, c]}]\nhandlers: [{name: b, service: {name: b, action: restart}, listen: c}]",
    "- {hosts: web, tasks: [{flush: true}]}\n- {hosts: db, tasks: [{assert: {that: [a == 1]}}]}",
];

#[test]
fn every_form_is_sound() {
    let judge = Judge::of_manifests();
    for text in SOUND {
        assert_eq!(judge.verdict(&json_of(Path::new("x"), text)), "", "{text}");
    }
    for page in [include_str!("../doc/task.yml"), include_str!("../doc/play.yml")] {
        assert_eq!(judge.verdict(&json_of(Path::new("x"), page)), "", "{page}");
    }
}

#[test]
fn every_example_of_a_key_is_sound() {
    let judge = Judge::of_manifests();
    let check = |text: String| {
        assert_eq!(judge.verdict(&json_of(Path::new("x"), &text)), "", "{text}");
    };
    for key in TASK.iter().chain(HANDLER) {
        let beside = match key.name {
            "block" | "include" => "name: x",
            "rescue" | "always" => "block: [{debug: {msg: x}}]",
            "delay" => "debug: {msg: x}\n  retries: 1",
            "loop_control" => "debug: {msg: x}\n  loop: [1]",
            "name" => "debug: {msg: x}",
            _ => "name: x\n  debug: {msg: x}",
        };
        match key.name {
            "listen" => check(format!("handlers:\n- {beside}\n  {}", key.example)),
            _ => check(format!("- {beside}\n  {}", key.example)),
        }
    }
    for key in LOOP {
        check(format!("- debug: {{msg: x}}\n  loop: [1]\n  loop_control: {{{}}}", key.example));
    }
    for key in PLAY {
        check(key.example.to_owned());
    }
}

/// Manifests with one mistake of form each, and a part of what is said of it.
const BROKEN: &[(&str, &str)] = &[
    ("- fiel: {dest: /x}", "'fiel' not allowed"),
    ("- file: {dest: /x, onwer: root}", "'onwer' not allowed"),
    ("- file: {dest: etc/motd}", "'/0/file/dest'"),
    ("- file: {dest: /x, mode: 0999}", "'/0/file/mode'"),
    ("- file: {dest: /x, mode: 8000}", "'/0/file/mode'"),
    ("- file: {dest: /x, mode: rw-r--r--}", "'/0/file/mode'"),
    ("- file: {content: x}", "missing properties 'dest'"),
    ("- file: {dest: /x, recurse: yes}", "want boolean"),
    ("- file: {dest: /x, owner: }", "'/0/file/owner'"),
    ("- apt: ", "'/0/apt'"),
    ("- apt: {package: Nginx}", "'/0/apt/package'"),
    ("- apt: {package: [nginx, {}]}", "'/0/apt/package/1'"),
    ("- apt: {package: a, action: presnt}", "'/0/apt/action'"),
    ("- apt: {package: a, update_cache: 1}", "'/0/apt/update_cache'"),
    ("- apt: {package: a, cache_valid_time: soon}", "want integer"),
    ("- apt: {package: a, cache_valid_time: -1}", "must be >=0"),
    ("- apt: {package: a, policy_rc_d: 300}", "must be <=255"),
    ("- apt: {package: a, debconf: [{package: a}]}", "missing properties 'question'"),
    ("- {apt: {package: a}, file: {dest: /x}}", "oneOf failed, subschemas"),
    ("- name: nothing to do", "oneOf failed, none matched"),
    ("- {service: {name: a, action: start}, when: {a: b}}", "'/0/when'"),
    ("- {service: {name: ../a, action: start}}", "'/0/service/name'"),
    ("- {debug: {msg: x}, loop: a string}", "'/0/loop'"),
    ("- {debug: {msg: x}, loop_control: {var: x}}", "missing properties 'loop'"),
    ("- {debug: {msg: x}, loop: [], loop_control: {name: x}}", "'/0/loop_control'"),
    ("- {debug: {msg: x}, register: not-a-name}", "'/0/register'"),
    ("- {debug: {msg: x}, retries: often}", "'/0/retries'"),
    ("- {debug: {msg: x}, delay: 2}", "missing properties 'until'"),
    ("- {debug: {msg: x}, ignore_error: sometimes}", "'/0/ignore_error'"),
    ("- {debug: {msg: x}, check: sometimes}", "'/0/check'"),
    ("- {debug: {msg: x}, vars: {a-b: 1}}", "invalid property 'a-b'"),
    ("- {debug: {msg: x}, vars: [a]}", "'/0/vars'"),
    ("- {debug: {msg: x}, become: 7}", "'/0/become'"),
    ("- {debug: {msg: x}, become_method: pbrun}", "'/0/become_method'"),
    ("- {debug: {msg: x}, become_flags: -n}", "'become_flags' not allowed"),
    ("- {rescue: [{debug: {msg: x}}], debug: {msg: x}}", "'block' required"),
    ("- {block: {debug: {msg: x}}}", "'/0/block'"),
    ("- {block: [{rescue: []}]}", "'/0/block/0'"),
    ("- {debug: {msg: x}, listen: y}", "'listen' not allowed"),
    ("- {hosts: web, tasks: [], file: {dest: /x}}", "'file' not allowed"),
    ("tasks: {debug: {msg: x}}", "'/tasks'"),
    ("hosts: web\ntask: []", "'task' not allowed"),
    ("handlers: [{block: []}]", "'block' not allowed"),
    ("handlers_on_failure: ignore\ntasks: []", "'/handlers_on_failure'"),
    ("- {block: []}", "'/0/block'"),
    ("- {block: }", "'/0/block'"),
    ("- {debug: {msg: x}, timeout: -5}", "'/0/timeout'"),
    ("- {debug: {msg: x}, sensitive: yes}", "'/0/sensitive'"),
    ("- {debug: {msg: x}, tags: {web: true}}", "'/0/tags'"),
    ("- {debug: {msg: x}, notfy: reload}", "'notfy' not allowed"),
    ("- {debug: {msg: x}, with_fileglob: x}", "'with_fileglob' not allowed"),
    ("- {debug: {msg: x}, loop: [a], loop_control: {vra: x}}", "'/0/loop_control'"),
    ("- {service: {name: {nginx: started}, action: start}}", "'/0/service/name'"),
    ("- {service: {name: nginx, action: started}}", "'/0/service/action'"),
    ("- {file: {dest: [/a, /b]}}", "'/0/file/dest'"),
    ("- command: ", "'/0/command'"),
    ("- shell: echo hi", "'shell' not allowed"),
    ("- ansible.builtin.apt: {package: nginx}", "'ansible.builtin.apt' not allowed"),
    ("- {hosts: all, roles: [nginx]}", "'roles' not allowed"),
    ("{hosts: all, when: x, tasks: []}", "'when' not allowed"),
    ("{vars: [{port: 80}], tasks: []}", "'/vars'"),
    ("- apt install nginx", "'/0'"),
    ("just a text", "want object"),
    ("[]", "minItems"),
];

#[test]
fn every_mistake_of_form_is_seen() {
    let judge = Judge::of_manifests();
    for (text, expected) in BROKEN {
        let verdict = judge.verdict(&json_of(Path::new("x"), text));
        assert!(verdict.contains(expected), "{text}: {verdict}");
    }
}

#[test]
fn what_the_schema_refuses_hep_refuses() {
    for (text, _) in BROKEN {
        let source = Source::from_bytes(Path::new("x"), text.as_bytes().to_vec()).unwrap();
        let mistakes = Manifest::parse(&source).mistakes();
        assert!(!mistakes.is_empty(), "{text}");
    }
}

/// Whatever the type takes, its schema takes; what it refuses for its form, the schema refuses.
fn check_value<T: JsonSchema + FromStr>(taken: &[&str], refused: &[&str]) {
    let judge = Judge::new(schemars::schema_for!(T).to_value());
    for text in taken {
        assert!(text.parse::<T>().is_ok(), "{text}");
        assert_eq!(judge.verdict(&json!(text)), "", "{text}");
    }
    for text in refused {
        assert!(text.parse::<T>().is_err(), "{text}");
        assert_ne!(judge.verdict(&json!(text)), "", "{text}");
    }
}

#[test]
fn patterns_say_what_the_types_do() {
    let modes = ["0644", "644", "0o644", "u=rw,g=r,o=", "u+x", "a=rX,u+w-x", "+t", "g=u", "07777"];
    check_value::<Mode>(
        &modes,
        &["", "999", "420.0", "rw-r--r--", "u=q", "77777", "0x1ff", "u=go"],
    );
    check_value::<AbsPath>(&["/", "/etc/motd"], &["", "etc", "~/x"]);
    check_value::<Dest>(&["/etc/"], &["etc/"]);
    check_value::<Owner>(&["root", "33", "a\\b@c"], &["", "a b", "a:b", "-x"]);
    let services = ["apache2", "getty@tty1.service", "dbus-org.x", "_a"];
    check_value::<ServiceName>(&services, &["", "../x", "a b", "-x", "a;b"]);
    let names = ["nginx", "g++", "php8.2-*", "7zip", "*"];
    check_value::<PackageName>(&names, &["", "-y", "nginx-", "Nginx", "a b"]);
    let packages = ["libc6:arm64", "php=8.2*", "libx:i386=1:2.0-1~bpo+1", "/srv/a_1.0_all.deb"];
    check_value::<Package>(&packages, &["", "nginx-", "nginx=", "nginx:", "./x.deb", "a;b"]);
}

#[test]
fn every_module_is_in_the_schema() {
    let names: Vec<String> = modules().into_iter().map(|module| module.name).collect();
    assert_eq!(names, TaskSpec::MODULES);
}

/// Values of every kind, one of which every parameter takes.
fn samples() -> Vec<Value> {
    let debconf = json!([{"package": "p", "question": "p/q", "type": "string", "value": "v"}]);
    let links = json!([{"name": "a", "path": "/a", "link": "/b"}]);
    let plain = [json!("/etc/motd"), json!("nginx"), json!("0644"), json!(true), json!(1)];
    plain
        .into_iter()
        .chain([json!({"a": "b"}), json!(["a"]), json!("install"), json!("sha1"), debconf, links])
        .collect()
}

/// What decoding a module says of parameters.
fn complaint(module: &str, parameters: &Value) -> String {
    let task = json!({module: parameters});
    serde_json::from_value::<TaskSpec>(task)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn aliases_are_those_of_the_types() {
    use serde::Deserialize as _;
    for module in modules() {
        let Some(properties) = module.parameters.get("properties").and_then(Value::as_object)
        else {
            continue;
        };
        let mut described: Vec<String> = Vec::new();
        for (name, schema) in properties {
            described.push(name.clone());
            for alias in aliases(schema) {
                // Only a second name of the same parameter is one too many.
                let twice = samples().into_iter().any(|sample| {
                    let both = json!({name: sample, alias.as_str(): sample});
                    complaint(&module.name, &both).contains(&format!("duplicate field `{name}`"))
                });
                assert!(twice, "`{alias}` is no other name of `{}.{name}`", module.name);
                described.push(alias);
            }
        }
        // The message for an unknown parameter lists all that the type knows, aliases too.
        let probe = json!({module.name.as_str(): {"no such parameter": 1}});
        let known = TaskSpec::deserialize(probe).unwrap_err().to_string();
        let (_, known) = known.split_once("expected ").unwrap_or_default();
        let mut known: Vec<String> =
            known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        known.sort();
        described.sort();
        let hint = "write `#[cfg_attr(feature = \"schema\", schemars(extend(\"x-aliases\" = [...])))]` below the `alias`";
        assert_eq!(described, known, "{}: {hint}", module.name);
    }
}

#[test]
fn the_copy_in_docs_is_up_to_date() {
    let path = root().join("docs/manifest.schema.json");
    if env::var_os("HEP_REFRESH").is_some() {
        fs::write(&path, text()).unwrap();
    }
    let copy = fs::read_to_string(&path).unwrap_or_default();
    let hint = "refresh it: `hep schema > docs/manifest.schema.json`";
    assert!(copy == text(), "docs/manifest.schema.json is not what `hep schema` prints; {hint}");
}
