//! What Ansible answered for the files of tests/oracle/lookups, and what else the lookups there look at.

use super::*;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{ANSWERS, Language, Layers, Rank, Variables};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn looking() -> (Arc<Answers>, Layers) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracle/lookups");
    let answers = Arc::new(Answers::default());
    let looking = Looking {
        answers: Arc::clone(&answers),
        roots: vec![root],
        kind: "files",
        programs: Programs::Start,
    };
    let vars = Variables(json!({"who": "you", "n": 3}).as_object().cloned().unwrap_or_default());
    (answers, Layers::default().with(Rank::Play, vars).with(Rank::Local, looking))
}

#[track_caller]
fn check(text: &str, expected: Value) {
    let (answers, layers) = looking();
    let language = Language::of(Dialect::Ansible);
    let scope: Arc<dyn Scope> = Arc::new(layers);
    assert_eq!(language.text(text, &scope), Ok(expected.clone()), "{text}");
    // The host has the answers, and not the files.
    let told = Map::from_iter([(ANSWERS.to_owned(), Value::Object(answers.take()))]);
    let vars = Variables(json!({"who": "you", "n": 3}).as_object().cloned().unwrap_or_default());
    let host = Layers::default().with(Rank::Play, vars).with(Rank::Inventory, Variables(told));
    let host: Arc<dyn Scope> = Arc::new(host);
    assert_eq!(language.text(text, &host), Ok(expected), "{text}, on the host");
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let scope: Arc<dyn Scope> = Arc::new(looking().1);
    let trouble = Language::of(Dialect::Ansible).text(text, &scope).unwrap_err();
    assert!(trouble.message.starts_with(expected), "{text}: {}", trouble.message);
}

#[test]
fn files_and_the_environment() {
    check("{{ lookup('file', 'lines.txt') }}", json!("first\nsecond"));
    check("{{ lookup('file', 'lines.txt', 'other.txt') }}", json!("first\nsecond,other"));
    check("{{ lookup('file', 'lines.txt', rstrip=false) }}", json!("first\nsecond  \n"));
    check("{{ lookup('file', 'braces.txt') }}", json!("{{ 1 + 1 }}"));
    check("[{{ lookup('env', 'NO_SUCH_VARIABLE') }}]", json!("[]"));
    check("{{ lookup('env', 'NO_SUCH_VARIABLE', default='d') }}", json!("d"));
    check("{{ lookup('file', 'nope.txt', errors='ignore') is none }}", json!(true));
    refused("{{ lookup('file', 'nope.txt') }}", "there is no file `nope.txt`: sought as `");
}

#[test]
fn templates_are_rendered_where_they_are_looked_up() {
    check("{{ lookup('template', 'greeting.j2') }}", json!("Hello you\nn=3\n"));
    check(
        "{{ lookup('template', 'greeting.j2', template_vars={'who': 'me'}) }}",
        json!("Hello me\nn=3\n"),
    );
    check("{{ lookup('template', 'number.j2') }}", json!(5));
}

#[test]
fn listings_and_choices() {
    check(
        "{{ query('fileglob', 'glob/*') | map('basename') }}",
        json!(["a.conf", "b.conf", "c.txt"]),
    );
    check(
        "{{ query('fileglob', 'files/glob/[!c]*.conf') | map('basename') }}",
        json!(["a.conf", "b.conf"]),
    );
    check("{{ query('fileglob', 'none/*') }}", json!([]));
    check(
        "{{ lookup('first_found', ['files/nope.txt', 'files/other.txt']) | basename }}",
        json!("other.txt"),
    );
    check(
        "{{ lookup('first_found', {'files': ['nope.txt', 'other.txt'], 'paths': ['files']}) | basename }}",
        json!("other.txt"),
    );
    check("{{ query('first_found', ['nope1', 'nope2'], skip=true) }}", json!([]));
    refused("{{ lookup('first_found', ['nope1']) }}", "none of these files is there: nope1");
}

#[test]
fn a_loop_looks_into_the_directory_of_its_module() {
    let (_, layers) = looking();
    let scope: Arc<dyn Scope> = Arc::new(layers);
    let language = Language::of(Dialect::Ansible);
    let found =
        language.look_up("first_found", vec![json!("nope.txt"), json!("other.txt")], &scope);
    let found = found.unwrap();
    assert!(
        found.first().and_then(Value::as_str).is_some_and(|path| path.ends_with("files/other.txt")),
        "{found:?}"
    );
}

#[test]
fn programs_are_started_where_that_is_certain() {
    check("{{ lookup('pipe', 'printf \"a\\nb\\n\"') }}", json!("a\nb"));
    check("{{ query('lines', 'printf \"a\\nb\\n\"') }}", json!(["a", "b"]));
    check("{{ lookup('pipe', 'basename $PWD') }}", json!("lookups"));
    refused(
        "{{ lookup('pipe', 'yes') }}",
        "the lookup `pipe` failed: `yes`: it prints more than 8 MiB",
    );
    refused("{{ lookup('pipe', 'exit 3') }}", "the lookup `pipe` failed: `exit 3`: exit status: 3");
    let (answers, root) = (Arc::default(), PathBuf::from("/"));
    let programs = Programs::Doubtful;
    let looking = Looking { answers, roots: vec![root], kind: "files", programs };
    let asked = Lookup { plugin: "pipe".to_owned(), terms: vec![json!("id")], options: Map::new() };
    assert!(matches!(looking.answer(&asked), Some(Err(_))));
}

#[test]
fn passwords_are_made_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets/db");
    let look = |programs, term: String| {
        let looking =
            Looking { answers: Arc::default(), roots: Vec::new(), kind: "files", programs };
        let terms = vec![json!(term)];
        let asked = Lookup { plugin: "password".to_owned(), terms, options: Map::new() };
        looking.answer(&asked).unwrap().map(|found| found[0].as_str().unwrap().to_owned())
    };
    let term = || format!("{} length=12 chars=digits", path.display());
    assert!(look(Programs::Doubtful, term()).is_err() && !path.exists());
    let made = look(Programs::Start, term()).unwrap();
    assert!(made.len() == 12 && made.chars().all(|c| c.is_ascii_digit()), "{made}");
    assert_eq!(look(Programs::Leave, term()), Ok(made));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let seeded = || look(Programs::Leave, "/dev/null seed=x length=8".to_owned()).unwrap();
    assert_eq!(seeded(), seeded());
    let error = look(Programs::Start, "/dev/null length=0".to_owned()).unwrap_err();
    assert_eq!(error.message, "a password cannot have the length \"0\"");
}

#[test]
fn settings_and_tables() {
    check("{{ lookup('csvfile', 'ann', file='data.csv', delimiter=',', col=2) }}", json!("Berlin"));
    check("{{ lookup('csvfile', 'bob file=data.csv delimiter=,') }}", json!("25"));
    check(
        "{{ lookup('csvfile', 'eve', file='data.csv', delimiter=',', default='none') }}",
        json!("none"),
    );
    check("{{ lookup('ini', 'key', section='main', file='settings.ini') }}", json!("value"));
    check("{{ lookup('ini', 'key section=other file=settings.ini') }}", json!("else"));
    check(
        "{{ lookup('ini', 'nope', section='main', file='settings.ini', default='d') }}",
        json!("d"),
    );
    check(
        "{{ lookup('ini', 'user.name', type='properties', file='props.properties') }}",
        json!("joe"),
    );
}

#[test]
fn tests_and_filters_of_files() {
    check(
        "{{ '/etc/passwd' is file }} {{ '/etc' is file }} {{ '/etc' is directory }}",
        json!("True False True"),
    );
    check("{{ '/nonexistent' is exists }} {{ '/proc/self' is link }}", json!("False True"));
    check(
        "{{ '/etc' is same_file('/etc/.') }} {{ '~nobody_here/x' | expanduser }}",
        json!("True ~nobody_here/x"),
    );
    check("{{ '/nonexistent/../x' | realpath }}", json!("/x"));
    check("{{ '$NOT_SET/${NOT_SET}x$' | expandvars }}", json!("$NOT_SET/${NOT_SET}x$"));
}
