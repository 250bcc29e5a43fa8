//! Handlers by the names that `notify` uses for them.

use crate::ast::{ManifestPlay, Spot};
use crate::diagnostic::Diagnostics;
use crate::words::nearest;
use hep_protocol::expression::has_expression;
use std::collections::HashMap;

/// The handlers of a play by name and by what they listen to.
pub(crate) struct Handlers<'m> {
    called: HashMap<&'m str, Vec<usize>>,
}

impl<'m> Handlers<'m> {
    /// Those of a play; two of one name are a mistake.
    pub(crate) fn of(play: &'m ManifestPlay, problems: &mut Diagnostics) -> Handlers<'m> {
        let mut called: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut names: HashMap<&str, &Spot> = HashMap::new();
        for handler in &play.handlers {
            if let Some(name) = &handler.control.name {
                match names.get(name.text.as_str()) {
                    Some(first) => {
                        let message = format!("there are two handlers called `{}`", name.text);
                        let mut problem = name
                            .problem(message)
                            .hint("give one another name; several may `listen` to one name");
                        if std::sync::Arc::ptr_eq(&first.source, &name.source) {
                            problem = problem.label("the second").also(first.span, "the first");
                        }
                        problems.push(problem);
                    }
                    None => {
                        names.insert(&name.text, name);
                        called.entry(&name.text).or_default().push(handler.number);
                    }
                }
            }
            for topic in &handler.control.listen {
                let numbers = called.entry(&topic.text).or_default();
                if !numbers.contains(&handler.number) {
                    numbers.push(handler.number);
                }
            }
        }
        Handlers { called }
    }

    /// The numbers of the handlers that a name means.
    pub(crate) fn find(&self, name: &Spot, problems: &mut Diagnostics) -> &[usize] {
        if let Some(numbers) = self.called.get(name.text.as_str()) {
            return numbers;
        }
        let problem = if has_expression(&name.text) {
            name.problem("the names of handlers must be known before the run")
                .hint("notify each handler that may be meant, and give the handlers a `when`")
        } else {
            let hint = match nearest(&name.text, self.called.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.called.is_empty() => {
                    "there are no handlers: write them below `handlers:`, beside `tasks:`"
                        .to_owned()
                }
                None => {
                    let mut names: Vec<&str> = self.called.keys().copied().collect();
                    names.sort_unstable();
                    names.truncate(8);
                    match names.as_slice() {
                        [one] => format!("the only handler is `{one}`"),
                        [] | [..] => format!("the handlers are {}", crate::words::all_of(&names)),
                    }
                }
            };
            name.problem(format!("there is no handler `{}`", name.text)).hint(hint)
        };
        problems.push(problem);
        &[]
    }
}
