//! Mistakes that people make in expressions, as they are told.

mod blocks;
mod names;
mod oracle;
mod syntax;
mod words;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::source::Source;
use crate::text::Colour;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// What is said of a text in a scope of facts, a few variables, registered results and a loop.
fn said(form: Form, text: &str) -> String {
    let path = PathBuf::from(if form == Form::Template { "motd.j2" } else { "site.yml" });
    let source = Arc::new(Source { path, text: text.to_owned() });
    let mut all = Diagnostics::default();
    let found = judge(&read(text, form), &scope(), &Mapping::of_file(&source));
    found.into_iter().for_each(|diagnostic| all.push(diagnostic));
    all.render(Colour::Off)
}

fn scope() -> Known<'static> {
    let mut known = Known::of_every_host();
    let app = json!({"port": 80, "name": "shop", "hosts": ["a", "b"], "url": "{{ anything }}"});
    known.add("app", Origin::Variable, Shape::of(&app));
    known.add("site", Origin::Variable, Shape::Any);
    known.add(
        "probe",
        Origin::Result,
        Shape::of_result(&["rc", "stdout", "stderr", "stdout_lines"]),
    );
    known.add("pages", Origin::Result, Shape::of_results(&["rc", "stdout"]));
    known.add("copied", Origin::Result, Shape::of_result(&[]));
    let users = [json!({"name": "ann", "uid": 1}), json!({"name": "bob", "shell": "/bin/sh"})];
    known.add("item", Origin::LoopVariable, Shape::of_each(&users));
    known
}

/// The part of a manifest that a part of a scalar's text is mapped to.
fn placed(manifest: &str, part: &str) -> String {
    let path = PathBuf::from("site.yml");
    let source = Arc::new(Source { path, text: manifest.to_owned() });
    let (node, _) = crate::yaml::parse(&source);
    let node = node.unwrap().entries().last().unwrap().value.clone();
    let text = node.text().unwrap().to_owned();
    let start = text.find(part).unwrap();
    source.slice(place(&source, &node).span(&(start..start + part.len()))).to_owned()
}

fn check_placed(manifest: &str, part: &str) {
    assert_eq!(placed(manifest, part), part, "{manifest}");
}

#[test]
fn parts_of_scalars_are_found_in_the_file() {
    for manifest in [
        "a: x {{ name }} y\n",
        "a: &anchor x {{ name }} y\n",
        "a: !!str x {{ name }} y\n",
        "a: x\n   y   {{ name }}\n   z\n",
        "a: \"x {{ name }}\"\n",
        "a: \"\\\"\\x41\\u00e9\\n {{ name }}\"\n",
        "a: \"x \\\n   y\n\n   {{ name }}\"\n",
        "a: 'it''s {{ name }}'\n",
        "a: |\n  x\n    y {{ name }}\n",
        "a: |2-  # comment\n    x\n  {{ name }}",
        "a: >\n  x\n  {{ name }}\n\n  z\n",
        "{a: \"größe {{ name }}\"}\n",
    ] {
        check_placed(manifest, "name");
        check_placed(manifest, "{{ name }}");
    }
}

#[test]
fn what_is_escaped_is_shown_with_its_escape() {
    assert_eq!(placed("a: \"x \\x41 y\"\n", "A"), "\\x41");
    assert_eq!(placed("a: 'it''s'\n", "t's"), "t''s");
}

#[test]
fn a_text_over_several_lines_is_found_from_end_to_end() {
    assert_eq!(placed("a: >\n  x == 1\n  and y\n", "1 and y"), "1\n  and y");
}

#[test]
fn of_an_alias_the_whole_is_shown() {
    assert_eq!(placed("a: &x '{{ name }}'\nb: *x\n", "name"), "*x");
}

#[test]
fn a_condition_answers_for_what_it_guards() {
    let condition = read("foo is defined and bar.baz is not undefined", Form::Bare);
    let mut known = scope();
    known.assure(&condition);
    let known = known.inner();
    let source =
        Arc::new(Source { path: "site.yml".into(), text: "{{ foo.x }}{{ bar.baz }}".into() });
    let found = judge(&read(&source.text, Form::Text), &known, &Mapping::of_file(&source));
    assert_eq!(found, []);
}

#[test]
fn mentions_have_their_fields_and_places() {
    let text = "os.codename == facts['os'].id and result[0].x[y] is defined";
    let reading = read(text, Form::Bare);
    let all: Vec<String> = reading
        .names
        .iter()
        .map(|name| {
            let fields: Vec<&str> = name.fields.iter().map(|f| &text[f.range.clone()]).collect();
            format!("{} {fields:?} {}", &text[name.range.clone()], name.tested)
        })
        .collect();
    assert_eq!(
        all.join("\n"),
        "os [\"codename\"] false\nfacts [\"'os'\", \"id\"] false\nresult [\"0\", \"x\"] true\ny [] false"
    );
}

/// Reads a text in every form and shows every problem; nothing of that may panic, nor point outside.
fn survives(text: &str) {
    for form in [Form::Bare, Form::Text, Form::Template] {
        let reading = read(text, form);
        for name in &reading.names {
            assert_eq!(text.get(name.range.clone()), Some(&*name.name));
            assert!(name.fields.iter().all(|field| text.get(field.range.clone()).is_some()));
        }
        assert!(reading.problems.iter().all(|problem| problem.range.end <= text.len() + 2));
        said(form, text);
    }
}

#[test]
fn hostile_texts_are_survived() {
    // Longer than a column that the engine can count.
    let long = 100_000;
    for part in [
        "(",
        "[",
        "{",
        "{{",
        "{%",
        "not ",
        "- ",
        "a.",
        "a|",
        "a if ",
        "{% if a %}",
        "{{ a + ",
        "'",
        "\"",
        "\0",
        "é",
        "{% elif a %}",
        "a+",
        "{#",
        "a is not ",
        "a[",
        "{% for a in b %}",
        "a and ",
        "x == {{ ",
        "{% macro m() %}",
        ")",
        "a~'b'",
    ] {
        survives(&part.repeat(long / part.len()));
        survives(&format!("{{{{ {} }}}}", part.repeat(2000)));
        survives(&format!("{{% if a %}}{}", part.repeat(300)));
    }
}

#[test]
fn a_megabyte_is_read() {
    survives(&"{{ a }} {% if b %}{{ 'x' }}{% endif %}\n".repeat(1 << 14));
    survives(&"(".repeat(1 << 20));
}

#[test]
fn the_deepest_trees_that_are_read_fit_the_stack() {
    for (open, close, times) in
        [("(", ")", 140), ("not ", "", 390), ("-", "", 390), ("[", "]", 140), ("a.b|", "", 130)]
    {
        survives(&format!("{}a{}", open.repeat(times), close.repeat(times)));
    }
    survives(&format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(199)));
    let nested = "{% if a %}".repeat(140) + &"(".repeat(140) + &"{% endif %}".repeat(140);
    survives(&nested);
}

#[test]
fn too_many_operators_are_refused() {
    insta::assert_snapshot!(said(Form::Bare, &"not ".repeat(500)).lines().next().unwrap_or_default(), @"error: there are more than 400 operators in one expression");
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,80}") {
        survives(&text);
    }

    #[test]
    fn any_heap_of_words_is_survived(words in proptest::collection::vec(proptest::sample::select(vec![
        "{{", "}}", "{%", "%}", "{#", "#}", "if", "else", "endif", "for", "in", "endfor", "set", "a", "os", ".x", "['y']", "(", ")", "[", "]", "{", "}", ":", ",",
        "=", "==", "&&", "|", "'", "\"", "\\", "é", "\0", "\n", "not", "is", "defined", "and", "or", "-", "+", "1", "'b'", "$", "macro", "raw", "endraw", "call",
    ]), 0..30)) {
        survives(&words.join(" "));
        survives(&words.concat());
    }

    #[test]
    fn any_scalar_is_placed_within_its_file(text in "[ -~\n\u{e4}]{0,40}") {
        let source = Arc::new(Source { path: "site.yml".into(), text: format!("a: {text}\n") });
        if let (Some(node), _) = crate::yaml::parse(&source) {
            for entry in node.entries() {
                let mapping = place(&source, &entry.value);
                let length = entry.value.text().unwrap_or_default().len();
                for start in 0..length {
                    let span = mapping.span(&(start..length));
                    assert!(span.start <= span.end && span.end <= source.text.len() + 1, "{span:?}");
                }
            }
        }
    }
}
