//! Variables of plays and of the command line: read from the manifest, from files and from `-e`, each with its origin.

use super::scope::Layer;
use crate::ast::{Manifest, ManifestPlay, Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::values::{self, bad_variable};
use crate::source::{Source, Span, plain};
use crate::yaml::{self, Kind, Node};
use hep_protocol::expression::{
    Language, Layers, Rank, Scope, TroubleKind, Variables, has_expression,
};
use hep_protocol::names::{Giver, is_name, refused};
use hep_protocol::truth::truth_of_yaml11;
use serde_json::{Map, Value};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One definition of a variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// Texts may hold `{{ }}`.
    pub(crate) value: Value,
    /// Where it comes from: `play, site.yml:3`.
    pub(crate) origin: String,
}

/// The variables of the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// Later ones beat earlier ones.
    pub(crate) definitions: Vec<Definition>,
}

/// A mapping of names to the values that count.
pub(crate) fn mapping(definitions: &[Definition]) -> Map<String, Value> {
    definitions.iter().map(|one| (one.name.clone(), one.value.clone())).collect()
}

/// The value that a variable is given, without a file around it.
const COMMAND_LINE: &str = "-e";

impl Extra {
    /// Reads the words after `-e`: `name=value`, a mapping, or `@file`.
    ///
    /// # Errors
    /// Everything that is none of these.
    pub(crate) fn read(words: &[String]) -> Result<Extra, Diagnostics> {
        let (mut extra, mut problems) = (Extra::default(), Diagnostics::default());
        for word in words {
            match definitions_of(word.trim()) {
                Ok(definitions) => extra.definitions.extend(definitions),
                Err(found) => problems.extend(found),
            }
        }
        problems.unless(extra)
    }

    /// Reads the words after `-e` as Ansible does: `name=value` gives texts alone, a mapping and `@file` the types of YAML
    /// 1.1.
    ///
    /// # Errors
    /// Everything that is none of these.
    pub(crate) fn read_ansible(words: &[String]) -> Result<Extra, Diagnostics> {
        let (mut extra, mut problems) = (Extra::default(), Diagnostics::default());
        for word in words {
            match ansible_definitions(word.trim()) {
                Ok(definitions) => extra.definitions.extend(definitions),
                Err(found) => problems.extend(found),
            }
        }
        problems.unless(extra)
    }

    /// As a mapping.
    pub(crate) fn vars(&self) -> Map<String, Value> {
        mapping(&self.definitions)
    }
}

fn definitions_of(word: &str) -> Result<Vec<Definition>, Diagnostics> {
    if let Some(path) = word.strip_prefix('@') {
        let source = Source::read(Path::new(path))?;
        return of_source(&source, "-e @");
    }
    if word.starts_with(['{', '[']) {
        let source = Source::from_bytes(Path::new(COMMAND_LINE), word.as_bytes().to_vec())?;
        let definitions = of_source(&source, "")?;
        let unplaced = |one| Definition { origin: COMMAND_LINE.to_owned(), ..one };
        return Ok(definitions.into_iter().map(unplaced).collect());
    }
    let (mut definitions, mut problems) = (Vec::new(), Diagnostics::default());
    for assignment in assignments(word) {
        match definition(assignment) {
            Ok(definition) => definitions.push(definition),
            Err(found) => problems.extend(found),
        }
    }
    problems.unless(definitions)
}

fn ansible_definitions(word: &str) -> Result<Vec<Definition>, Diagnostics> {
    if let Some(path) = word.strip_prefix('@') {
        return of_foreign(&Source::read(Path::new(path))?);
    }
    if word.starts_with(['{', '[']) {
        return of_foreign(&Source::from_bytes(Path::new(COMMAND_LINE), word.as_bytes().to_vec())?);
    }
    let (mut definitions, mut problems) = (Vec::new(), Diagnostics::default());
    for assignment in assignments(word) {
        let source = Arc::new(Source { path: COMMAND_LINE.into(), text: assignment.to_owned() });
        let name = assignment.split('=').next().unwrap_or_default();
        let place = Span::new(0, name.len().max(1));
        match assignment.split_once('=') {
            Some((name, text)) if is_name(name) => {
                let text = unescaped(text.trim());
                let value = Value::from(unquoted(&text).unwrap_or(&text));
                let (name, origin) = (name.to_owned(), COMMAND_LINE.to_owned());
                definitions.push(Definition { name, value, origin });
            }
            Some((name, _)) => {
                let (message, hint) = hep_protocol::names::no_name(name);
                problems.push(Diagnostic::at(&source, place, message).hint(hint));
            }
            None => {
                let message = format!("`{}` gives no variable a value", yaml::shorten(assignment));
                let hint = "write `-e name=value`, `-e '{name: value}'` or `-e @file.yml`";
                problems.push(Diagnostic::at(&source, place, message).hint(hint));
            }
        }
    }
    problems.unless(definitions)
}

/// The variables of a file or mapping of Ansible's.
fn of_foreign(source: &Arc<Source>) -> Result<Vec<Definition>, Diagnostics> {
    let (root, mut problems, _) = yaml::parse_foreign(source);
    let Some(root) = root.filter(|root| !root.is_null()) else {
        return problems.unless(Vec::new());
    };
    if let Kind::Scalar(_) | Kind::Seq(_) = &root.kind {
        let message = format!("variables are a mapping, found {}", root.describe());
        let problem = Diagnostic::at(source, root.span, message);
        problems.push(problem.hint("write each as `name: value`"));
    }
    let definition = |entry: &yaml::Entry| Definition {
        name: entry.key.text.to_string(),
        value: entry.value.to_json_11(),
        origin: format!("-e {}", source.path.display()),
    };
    problems.unless(root.entries().iter().map(definition).collect())
}

/// What stands in the quotes around all of a text.
fn unquoted(text: &str) -> Option<&str> {
    let inner = |quote: char| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.ends_with('\\')).then_some(inner)
    };
    inner('"').or_else(|| inner('\''))
}

/// The parts of `a=1 b='x y'`: each begins with a name and `=`, after a blank that is in no quotes and no braces.
fn assignments(word: &str) -> Vec<&str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut quote, mut braces, mut before) = (None, 0_usize, ' ');
    for (at, character) in word.char_indices() {
        let rest = word.get(at..).unwrap_or_default();
        match (quote, character) {
            (Some(open), character) if open == character && before != '\\' => quote = None,
            (Some(_), _) => {}
            // One inside of a word is an apostrophe.
            (None, '\'' | '"') if matches!(before, '=' | ' ' | '(' | ',' | '[' | '{') => {
                quote =
                    rest.get(1..).is_some_and(|rest| rest.contains(character)).then_some(character);
            }
            (None, '{' | '[') => braces += 1,
            (None, '}' | ']') => braces = braces.saturating_sub(1),
            (None, _) if braces == 0 && before.is_whitespace() && at > begin => {
                if rest.split_once('=').is_some_and(|(name, _)| is_name(name)) {
                    parts.push(word.get(begin..at).unwrap_or_default().trim_end());
                    begin = at;
                }
            }
            (None, _) => {}
        }
        before = character;
    }
    parts.push(word.get(begin..).unwrap_or_default());
    parts
}

fn definition(word: &str) -> Result<Definition, Diagnostics> {
    let refuse_at = |part: Range<usize>, message: String, hint: &str| {
        let source = Arc::new(Source { path: COMMAND_LINE.into(), text: word.to_owned() });
        let span = Span::new(part.start, part.end);
        Err(Diagnostics::from(Diagnostic::at(&source, span, message).hint(hint)))
    };
    let refuse = |message: String, hint: &str| {
        refuse_at(0..word.split('=').next().map_or(0, str::len).max(1), message, hint)
    };
    let Some((name, text)) = word.split_once('=') else {
        return refuse(
            format!("`{}` gives no variable a value", yaml::shorten(word)),
            "write `-e name=value`, `-e '{name: value}'` or `-e @file.yml`",
        );
    };
    if let Some((message, hint)) = refused(name, Giver::Variables) {
        return refuse(message, hint);
    }
    if let Some(meant) = truth_of_yaml11(text) {
        let hint = format!(
            "write `-e {name}={meant}`, or `-e '{{{name}: \"{text}\"}}'` for the word itself"
        );
        return refuse_at(name.len() + 1..word.len(), values::ambiguous(text), &hint);
    }
    let (name, origin) = (name.to_owned(), COMMAND_LINE.to_owned());
    Ok(Definition { name, value: value_of(text.trim()), origin })
}

/// A value: in brackets a collection as YAML has it, in quotes a text, else what the word means. What YAML would read
/// into a word, as a comment into `#fff`, stays a part of it. Backslashes and quotes are Ansible's (`parse_kv`).
fn value_of(text: &str) -> Value {
    if text.starts_with(['{', '[']) && !has_expression(text) {
        let source = Arc::new(Source { path: COMMAND_LINE.into(), text: text.to_owned() });
        let (node, problems) = yaml::parse(&source);
        // Whatever stands after it makes all of it a text.
        let whole =
            |node: &Node| text.get(node.span.end..).is_some_and(|rest| rest.trim().is_empty());
        let node = node.filter(|node| problems.is_empty() && whole(node));
        return node.map_or_else(|| Value::from(text), |node| node.to_json());
    }
    let text = unescaped(text);
    match unquoted(&text) {
        Some(inner) => Value::from(inner),
        None if text.is_empty() => Value::from(""),
        None => Node::of_word(&text, Span::default()).to_json(),
    }
}

/// A text with Python's escapes decoded, in quotes or not; a backslash before anything else is a letter.
fn unescaped(text: &str) -> String {
    let (mut decoded, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('\\') {
        decoded.push_str(before);
        let digits = |count: usize| {
            let digits =
                behind.get(1..=count).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 1 + count))
        };
        let short = |c: char| Some((c, 1));
        let found = match behind.chars().next() {
            Some(c @ ('\\' | '\'' | '"')) => short(c),
            Some('a') => short('\u{7}'),
            Some('b') => short('\u{8}'),
            Some('f') => short('\u{c}'),
            Some('n') => short('\n'),
            Some('r') => short('\r'),
            Some('t') => short('\t'),
            Some('v') => short('\u{b}'),
            Some('x') => digits(2),
            Some('u') => digits(4),
            Some('U') => digits(8),
            Some(_) | None => None,
        };
        let (c, length) = found.unwrap_or(('\\', 0));
        decoded.push(c);
        rest = behind.get(length..).unwrap_or_default();
    }
    decoded + rest
}

/// The variables of a file.
fn of_source(source: &Arc<Source>, what: &str) -> Result<Vec<Definition>, Diagnostics> {
    let (root, mut problems) = yaml::parse(source);
    let Some(root) = root.filter(|root| !root.is_null()) else {
        return problems.unless(Vec::new());
    };
    match &root.kind {
        Kind::Map(entries) => {
            entries
                .iter()
                .filter_map(|entry| bad_variable(source, entry))
                .for_each(|problem| problems.push(problem));
        }
        Kind::Broken => {}
        Kind::Scalar(_) | Kind::Seq(_) => {
            let message = format!("variables are a mapping, found {}", root.describe());
            let problem = Diagnostic::at(source, root.span, message);
            problems.push(problem.hint("write each as `name: value` on a line of its own"));
        }
    }
    problems.unless(definitions(source, &root, what))
}

/// The entries of a mapping as definitions.
pub(crate) fn definitions(source: &Arc<Source>, node: &Node, what: &str) -> Vec<Definition> {
    // Places are ascending, so the lines are counted once.
    let (mut line, mut at) = (1, 0);
    let entry = |entry: &yaml::Entry| {
        let start = entry.key.span.start;
        if start < at {
            (line, at) = (1, 0);
        }
        let passed = source.text.get(at..start).unwrap_or_default();
        line += passed.bytes().filter(|byte| *byte == b'\n').count();
        at = start;
        Definition {
            name: entry.key.text.to_string(),
            value: entry.value.to_json(),
            origin: format!("{what}{}:{line}", source.path.display()),
        }
    };
    node.entries().iter().map(entry).collect()
}

/// The variables of a play, weakest first: its own, then those of its files.
pub(crate) fn of_play(
    play: &ManifestPlay,
    extra: &Extra,
    language: &Language,
    problems: &mut Diagnostics,
) -> Vec<Definition> {
    let own = play.layers.iter().filter(|(rank, _)| *rank == Rank::Play);
    let mut all: Vec<Definition> =
        own.flat_map(|(_, Piece { source, node })| definitions(source, node, "play, ")).collect();
    // How many variables each file has brought, in their order; none of one that was refused.
    let mut files: Vec<(PathBuf, usize)> = Vec::new();
    let own = all.len();
    for file in &play.vars_files {
        let Some(name) = file_name(file, &all, extra, language, problems) else { continue };
        let path = Manifest::directory(&file.source).join(&name);
        if let Some(at) = files.iter().position(|(known, _)| *known == path) {
            // It was read before: named again, it wins over those between.
            let start = files.iter().take(at).map(|(_, count)| count).sum::<usize>() + own;
            let again = files.remove(at);
            all.get_mut(start..).unwrap_or_default().rotate_left(again.1);
            files.push(again);
            continue;
        }
        let found = match std::fs::metadata(&path) {
            Ok(_) => Source::read(&path).and_then(|source| of_source(&source, "vars_files, ")),
            Err(error) => {
                let message = format!("cannot read `{}`: {}", path.display(), plain(&error));
                let hint = "files of variables are sought beside the file that names them";
                Err(file.problem(message).hint(hint).into())
            }
        };
        let before = all.len();
        match found {
            Ok(definitions) => all.extend(definitions),
            Err(found) => problems.extend(found),
        }
        files.push((path, all.len() - before));
    }
    all
}

/// The name of a file of variables: it may depend on what all hosts have in common.
fn file_name(
    file: &Spot,
    before: &[Definition],
    extra: &Extra,
    language: &Language,
    problems: &mut Diagnostics,
) -> Option<String> {
    if !has_expression(&file.text) {
        return Some(file.text.clone());
    }
    let scope: Arc<dyn Scope> = Arc::new(
        Layers::default()
            .with(Rank::Facts, Layer::Facts)
            .with(Rank::Play, Variables(mapping(before)))
            .with(Rank::Extra, Variables(extra.vars())),
    );
    let hint = "it may depend on variables of the play and on `-e` alone: it is the same for all hosts; variables of \
                one group or host belong into `group_vars` and `host_vars`";
    match language.text(&file.text, &scope) {
        Ok(Value::String(name)) => Some(name),
        Ok(other) => {
            problems
                .push(file.problem(format!("this is no name of a file, but `{other}`")).hint(hint));
            None
        }
        Err(trouble) => {
            let message = match &trouble.kind {
                TroubleKind::Unknown { .. } => {
                    "the name of a file of variables must be known before the run".to_owned()
                }
                TroubleKind::Undefined { .. }
                | TroubleKind::Syntax
                | TroubleKind::Circle { .. }
                | TroubleKind::Other => trouble.message,
            };
            problems.push(file.problem(message).hint(hint));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_line_are_texts_to_ansible() {
        let check = |word: &str, expected: Value| {
            let read = Extra::read_ansible(&[word.to_owned()]).unwrap();
            assert_eq!(Value::Object(read.vars()), expected, "{word}");
        };
        check("a=5 b='x y' c=yes", serde_json::json!({"a": "5", "b": "x y", "c": "yes"}));
        check("a=[1,2]", serde_json::json!({"a": "[1,2]"}));
        check("{a: 0644, b: [yes]}", serde_json::json!({"a": 420, "b": [true]}));
        check(r#"{"a": "5"}"#, serde_json::json!({"a": "5"}));
        check("host=x", serde_json::json!({"host": "x"}));
        assert!(Extra::read_ansible(&["a".to_owned()]).is_err());
        assert!(Extra::read_ansible(&["a-b=1".to_owned()]).is_err());
    }

    /// What Ansible 2.19 makes of the same words, but for numbers, which it leaves texts.
    #[test]
    fn quotes_and_backslashes_are_ansibles() {
        let check = |word: &str, expected: Value| {
            let read = definitions_of(word).unwrap();
            assert_eq!(read.first().map(|one| &one.value), Some(&expected), "{word}");
        };
        check(r#"a="C:\x\y""#, r"C:\x\y".into());
        check(r"a=C:\dir", r"C:\dir".into());
        check(r"a=\n", "\n".into());
        check(r#"a="x\ty""#, "x\ty".into());
        check(r"a='x\\n'", r"x\n".into());
        check(r#"a="say \"hi\"""#, r#"say "hi""#.into());
        check(r"a=\x41\u00e4\U0001F600\xZZ", "Aä😀\\xZZ".into());
        check(r"a='5'", "5".into());
        check(r"a='a'b'", "a'b".into());
        check(r"a=C:\tmp", "C:\tmp".into());
        check(r"a=5", 5.into());
        check(r"a=it's", "it's".into());
        check(r#"a=""#, "\"".into());
        check(r#"a={{ b }}\n"#, "{{ b }}\n".into());
        check(r#"a=["\n", 1]"#, serde_json::json!(["\n", 1]));
    }
}
