//! A call's arguments: collected from all places that give some, by the module's own names for them, and handed over to what
//! lowers the module. What nobody took or refused in the end is a mistake of the table, not of the operator.

use super::line::{self, Line, Reader};
use super::table::{Does, Parameter, Row};
use super::{Call, Lowered, Unlowered};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::ansible::scalars::canonical;
use crate::source::Span;
use crate::words::{all_of, nearest};
use crate::yaml::{Entry, Key, Kind, Node, shorten};
use hep_protocol::expression::has_expression;
use hep_protocol::task::About;
use hep_protocol::truth::{Reader as Truth, truth};
use std::sync::Arc;

/// The name under which a program's own words are an argument.
pub(super) const FREE: &str = "free_form";

/// hep's name for a state that is wanted.
const ACTION: &str = "action";

/// The arguments of one call, and what was said of them so far.
pub(super) struct Arguments<'c> {
    pub(super) call: &'c Call<'c>,
    row: &'static Row,
    given: Vec<Given>,
    out: Vec<Entry>,
    /// What stands in place of hep's parameters.
    whole: Option<Node>,
    when: Vec<String>,
    mistakes: Diagnostics,
    refused: Diagnostics,
    warnings: Vec<Diagnostic>,
}

/// One argument.
struct Given {
    parameter: &'static Parameter,
    entry: Entry,
}

/// What a text means to a parameter that takes yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// An expression: only the host may know.
    Later,
}

impl<'c> Arguments<'c> {
    /// Collects a call's arguments by the names of the module's parameters.
    pub(super) fn of(call: &'c Call<'c>, row: &'static Row) -> Self {
        let mut all = Self {
            call,
            row,
            given: Vec::new(),
            out: Vec::new(),
            whole: None,
            when: Vec::new(),
            mistakes: Diagnostics::default(),
            refused: Diagnostics::default(),
            warnings: Vec::new(),
        };
        for node in call.defaults.iter().chain(call.args) {
            all.mapping(node);
        }
        match &call.value.kind {
            Kind::Map(_) => all.mapping(call.value),
            Kind::Scalar(_) if call.value.is_null() => {}
            Kind::Scalar(scalar) => {
                let text = Arc::clone(&scalar.text);
                all.line(&text);
            }
            Kind::Seq(_) => {
                let (name, found) = (&call.module.text, call.value.describe());
                let message = format!("`{name}` takes parameters, found {found}");
                all.mistake(call.value.span, message, "write `key: value` lines below it");
            }
            Kind::Broken => {}
        }
        all
    }

    fn mapping(&mut self, node: &Node) {
        if !matches!(node.kind, Kind::Map(_)) && !node.is_null() {
            let message = "only the host knows these parameters";
            let hint = "write them as `key: value`; each value may be an expression";
            self.refuse(node.span, message, hint);
        }
        for entry in node.entries() {
            self.give(entry.clone());
        }
    }

    fn line(&mut self, text: &str) {
        let span = self.call.value.span;
        if self.row.reader == Reader::Module && is_one_expression(text) {
            let message = "only the host knows these parameters";
            let hint = "write them as `key: value`; each value may be an expression";
            return self.refuse(span, message, hint);
        }
        let Some(Line { pairs, free }) = line::split(text, self.row.reader) else {
            let message = "a quote or an expression in this line is never closed";
            return self.mistake(span, message, "write the parameters as `key: value` lines");
        };
        let literal = self.call.source.slice(span) == text;
        for pair in pairs {
            let place = Span::new(span.start + pair.place.start, span.start + pair.place.end);
            let span = if literal { place } else { span };
            let key = Key { span, text: pair.key.as_str().into() };
            self.give(Entry { key, value: Node::of_text(&pair.value, span) });
        }
        match free {
            Some(free) if self.row.parameter(FREE).is_some() => {
                let key = Key { span, text: FREE.into() };
                self.give(Entry { key, value: Node::of_text(&free, span) });
            }
            Some(free) => {
                let message = format!("`{}` is no parameter", shorten(&free));
                self.mistake(span, message, "write `key=value`, or `key: value` lines");
            }
            None => {}
        }
    }

    /// Takes an argument in; a later one replaces an earlier one.
    fn give(&mut self, entry: Entry) {
        let name: &str = &entry.key.text;
        let Some(parameter) = self.row.parameter(name) else { return self.unknown(&entry) };
        let (key, any) = (&entry.key.text, parameter.name.is_empty());
        let same = |given: &Given| match any {
            true => given.entry.key.text == *key,
            false => std::ptr::eq(given.parameter, parameter),
        };
        self.given.retain(|given| !same(given));
        self.given.push(Given { parameter, entry });
    }

    fn unknown(&mut self, entry: &Entry) {
        let (module, name) = (&self.call.module.text, &entry.key.text);
        let known: Vec<&str> = self.row.names_of_parameters();
        let known: Vec<&str> = known.into_iter().filter(|name| *name != FREE).collect();
        let list = if known.is_empty() {
            format!("`{module}` takes none")
        } else {
            format!("`{module}` has {}", known.join(", "))
        };
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? {list}"),
            None => list,
        };
        let message = format!("unknown parameter `{}` of `{module}`", shorten(name));
        self.mistake(entry.key.span, message, &hint);
    }

    /// An argument with its key, taken out. One without a value counts as not given.
    pub(super) fn take(&mut self, name: &str) -> Option<Entry> {
        let at = self.given.iter().position(|given| given.parameter.name == name)?;
        let entry = self.given.remove(at).entry;
        (!entry.value.is_null()).then_some(entry)
    }

    /// What an argument that is yes or no says, left in its place; the default where it is not given.
    pub(super) fn answer(&mut self, name: &str, default: Answer) -> Answer {
        let given = self.given.iter().find(|given| given.parameter.name == name);
        let Some(Given { entry, .. }) = given.filter(|given| !given.entry.value.is_null()) else {
            return default;
        };
        match entry.value.text() {
            Some(text) if has_expression(text) => Answer::Later,
            Some(text) => match truth(text, Truth::Filter).filter(|_| !text.trim().is_empty()) {
                Some(true) => Answer::Yes,
                Some(false) => Answer::No,
                None => self.no_answer(name),
            },
            None => self.no_answer(name),
        }
    }

    fn no_answer(&mut self, name: &str) -> Answer {
        if let Some(Entry { key, value }) = self.take(name) {
            let message = format!("`{}` takes yes or no, found {}", key.text, value.describe());
            self.mistake(value.span, message, "write `true` or `false`");
        }
        Answer::No
    }

    /// The same, taken out.
    pub(super) fn take_answer(&mut self, name: &str, default: Answer) -> Answer {
        let answer = self.answer(name, default);
        self.take(name);
        answer
    }

    /// The literal text of an argument, left in its place; nothing for an expression.
    pub(super) fn literal(&self, name: &str) -> Option<&str> {
        let given = self.given.iter().find(|given| given.parameter.name == name)?;
        given.entry.value.text().filter(|text| !has_expression(text))
    }

    /// Whether an argument is given.
    pub(super) fn has(&self, name: &str) -> bool {
        let given = self.given.iter().find(|given| given.parameter.name == name);
        given.is_some_and(|given| !given.entry.value.is_null())
    }

    /// Gives hep's parameter a value that stands in the playbook.
    pub(super) fn put(&mut self, name: &str, key: Span, value: Node) {
        self.out.push(Entry { key: Key { span: key, text: name.into() }, value });
    }

    /// Gives hep's parameter a word that stands nowhere.
    pub(super) fn set(&mut self, name: &str, word: &str) {
        let span = self.call.module.span;
        self.put(name, span, Node::of_word(word, span));
    }

    /// The same for a text.
    pub(super) fn set_text(&mut self, name: &str, text: &str) {
        let span = self.call.module.span;
        self.put(name, span, Node::of_text(text, span));
    }

    /// Hands an argument on under hep's name.
    pub(super) fn rename(&mut self, theirs: &str, ours: &str) -> bool {
        match self.take(theirs) {
            Some(Entry { key, value }) => {
                self.put(ours, key.span, value);
                true
            }
            None => false,
        }
    }

    /// Gives hep's module a word in place of parameters.
    pub(super) fn whole(&mut self, word: &str) {
        self.whole = Some(Node::of_word(word, self.call.value.span));
    }

    /// Adds a condition to those of the task.
    pub(super) fn only_if(&mut self, condition: String) {
        self.when.push(condition);
    }

    pub(super) fn mistake(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.mistakes.push(Diagnostic::at(self.call.source, span, message).hint(hint));
    }

    pub(super) fn refuse(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.refused.push(Diagnostic::at(self.call.source, span, message).hint(hint));
    }

    pub(super) fn warn(&mut self, span: Span, message: impl Into<String>, hint: &str) {
        self.warnings.push(Diagnostic::at(self.call.source, span, message).hint(hint));
    }

    /// Refuses an argument by its own name, and takes it out.
    pub(super) fn refuse_argument(&mut self, name: &str, hint: &str) {
        if let Some(entry) = self.take(name) {
            let (module, name) = (&self.call.module.text, &entry.key.text);
            let message = format!("hep does not support `{name}` of `{module}`");
            self.refuse(entry.key.span, message, hint);
        }
    }

    /// One of the words that a parameter may have, left in its place if it is an expression.
    pub(super) fn choose(&mut self, name: &str, words: &[&str]) {
        let known = self.literal(name).is_none_or(|word| words.contains(&word));
        if known {
            return;
        }
        if let Some(Entry { key, value }) = self.take(name) {
            let word = shorten(value.text().unwrap_or_default());
            let message = format!("`{word}` is no value of `{}`", key.text);
            let hint = match nearest(&word, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? possible are {}", all_of(words)),
                None => format!("possible are {}", all_of(words)),
            };
            self.mistake(value.span, message, &hint);
        }
    }

    /// A state in Ansible's words as the action of a module of hep's. What an expression gives, the host translates.
    pub(super) fn word(&mut self, theirs: &str, module: &str) {
        let (ours, table) = (ACTION, About::of(module).words_of(ACTION));
        let known: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        self.choose(theirs, &known);
        let word = self.literal(theirs).and_then(|word| table.iter().find(|row| row.0 == word));
        let word = word.map(|(_, ours)| (*ours).to_owned());
        if let Some(Entry { key, value }) = self.take(theirs) {
            let value = word.map_or(value.clone(), |word| Node::of_word(&word, value.span));
            self.put(ours, key.span, value);
        }
    }

    /// Whether hep's parameter was given.
    pub(super) fn has_out(&self, name: &str) -> bool {
        self.out.iter().any(|entry| &*entry.key.text == name)
    }

    /// Does with the arguments that are left what the table says of them.
    pub(super) fn rest(&mut self) {
        let names: Vec<&'static Parameter> = self.given.iter().map(|one| one.parameter).collect();
        for parameter in names {
            match parameter.does {
                Does::As(ours) => drop(self.rename(parameter.name, ours)),
                Does::Nothing => drop(self.take(parameter.name)),
                Does::Refused(hint) => self.refuse_argument(parameter.name, hint),
                Does::Only(default, hint) => self.only(parameter.name, default, hint),
                Does::Own => {}
            }
        }
    }

    /// Values of any kind are what YAML 1.1 says they are.
    pub(super) fn mean_as_written(&mut self) {
        let given = self.given.iter_mut().map(|given| &mut given.entry);
        for entry in given.chain(&mut self.out) {
            entry.value = canonical(&entry.value);
        }
    }

    /// Takes out an argument that may only say what hep does in any case.
    fn only(&mut self, name: &str, default: &str, hint: &str) {
        let same = match truth(default, Truth::Key) {
            Some(expected) => {
                let answer = self.answer(name, Answer::Later);
                answer == if expected { Answer::Yes } else { Answer::No }
            }
            // What may be left out by an expression is an argument for other systems.
            None if default == "omit" => {
                let given = self.given.iter().find(|given| given.parameter.name == name);
                let text = given.and_then(|given| given.entry.value.text()).unwrap_or_default();
                has_expression(text) && text.contains(default)
            }
            None => self.literal(name) == Some(default),
        };
        if same { drop(self.take(name)) } else { self.refuse_argument(name, hint) }
    }

    /// What came of it, by the name of hep's module.
    pub(super) fn finish(mut self, module: &'static str) -> Result<Lowered, Unlowered> {
        if !self.mistakes.is_empty() {
            return Err(Unlowered::Mistakes(self.mistakes));
        }
        for Given { entry, .. } in std::mem::take(&mut self.given) {
            if !entry.value.is_null() {
                let message = format!("hep does not support `{}` here", entry.key.text);
                self.refuse(entry.key.span, message, "leave it out");
            }
        }
        if !self.refused.is_empty() {
            return Err(Unlowered::Refused(self.refused));
        }
        let params = self.whole.unwrap_or_else(|| self.call.value.with_entries(self.out));
        Ok(Lowered { module, params, when: self.when, warnings: self.warnings })
    }

    /// Hands all arguments on as they are.
    pub(super) fn hand_on(&mut self) {
        let given = std::mem::take(&mut self.given);
        self.out.extend(given.into_iter().map(|given| given.entry));
    }

    /// Takes a parameter of hep's back.
    pub(super) fn take_back(&mut self, name: &str) {
        self.out.retain(|entry| &*entry.key.text != name);
    }
}

/// Whether a text is nothing but one expression.
pub(super) fn is_one_expression(text: &str) -> bool {
    inner(text).is_some()
}

/// What stands inside the braces of a text that is nothing but one expression.
pub(super) fn inner(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then(|| inner.trim())
}
