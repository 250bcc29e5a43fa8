//! Handlers by the names that `notify` uses for them, and which of them each task notifies.

use super::select::Chosen;
use crate::ast::{Entry, ManifestBlock, ManifestPlay, ManifestTask, Spot};
use crate::diagnostic::Diagnostics;
use crate::words::nearest;
use hep_protocol::expression::has_expression;
use std::collections::HashMap;

/// The handlers that each task and handler of a play notifies, by the numbers of both.
pub(super) fn notified(
    play: &ManifestPlay,
    problems: &mut Diagnostics,
) -> HashMap<usize, Vec<usize>> {
    let handlers = Handlers::of(play, problems);
    let mut walk = Walk { handlers, problems, notified: HashMap::new() };
    walk.entries(&play.entries, &[]);
    play.handlers.iter().for_each(|handler| walk.task(handler, &[]));
    walk.notified
}

/// Takes in the handlers that chosen tasks notify, and those that these notify. All, where nothing was left out.
pub(super) fn choose(
    play: &ManifestPlay,
    notified: &HashMap<usize, Vec<usize>>,
    chosen: &mut Chosen,
) {
    if chosen.everything {
        play.handlers.iter().for_each(|handler| chosen.add(handler.number));
        return;
    }
    let mut next: Vec<&usize> = Vec::new();
    play.each_task(&mut |task| {
        if chosen.has(task.number) {
            next.extend(notified.get(&task.number).into_iter().flatten());
        }
    });
    while let Some(handler) = next.pop() {
        if !chosen.has(*handler) {
            chosen.add(*handler);
            next.extend(notified.get(handler).into_iter().flatten());
        }
    }
}

struct Walk<'m, 'p> {
    handlers: Handlers<'m>,
    problems: &'p mut Diagnostics,
    notified: HashMap<usize, Vec<usize>>,
}

impl Walk<'_, '_> {
    /// `around` is what the blocks around the entries notify.
    fn entries(&mut self, entries: &[Entry], around: &[&Spot]) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task, around),
                Entry::Block(block) => {
                    let ManifestBlock { control, body, rescue, always, .. } = block.as_ref();
                    let around: Vec<&Spot> =
                        around.iter().copied().chain(&control.notify).collect();
                    [body, rescue, always].into_iter().for_each(|part| self.entries(part, &around));
                }
                Entry::Flush => {}
            }
        }
    }

    fn task(&mut self, task: &ManifestTask, around: &[&Spot]) {
        let mut numbers: Vec<usize> = Vec::new();
        for name in around.iter().copied().chain(&task.control.notify) {
            for number in self.handlers.find(name, self.problems) {
                if !numbers.contains(number) {
                    numbers.push(*number);
                }
            }
        }
        if !numbers.is_empty() {
            self.notified.insert(task.number, numbers);
        }
    }
}

/// The handlers of a play by name and by what they listen to.
struct Handlers<'m> {
    called: HashMap<&'m str, Vec<usize>>,
}

impl<'m> Handlers<'m> {
    /// Those of a play; two of one name are a mistake.
    fn of(play: &'m ManifestPlay, problems: &mut Diagnostics) -> Handlers<'m> {
        let mut called: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut names: HashMap<&str, &Spot> = HashMap::new();
        for handler in &play.handlers {
            if let Some(calls) = &handler.origin.calls {
                // Which of several is meant was decided when they were read.
                let calls = calls.iter().map(String::as_str);
                for name in calls.chain(handler.control.listen.iter().map(|one| one.text.as_str()))
                {
                    let numbers = called.entry(name).or_default();
                    if !numbers.contains(&handler.number) {
                        numbers.push(handler.number);
                    }
                }
                continue;
            }
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
    fn find(&self, name: &Spot, problems: &mut Diagnostics) -> &[usize] {
        if let Some(numbers) = self.called.get(name.text.as_str()) {
            return numbers;
        }
        let problem = if has_expression(&name.text) {
            name.problem("the names of handlers must be known before the run")
                .hint("notify each possible handler, and give the handlers a `when`")
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
