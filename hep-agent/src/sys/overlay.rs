//! Any host plus changes kept in memory: what check mode runs on, and, above `empty::Empty`, the host of the unit tests.
//!
//! Later tasks see what earlier ones would have done. Where only a real run could tell (what a package brings, what a
//! command does), [`Observe::depends`] names the cause.

mod accounts;
#[cfg(test)]
pub(crate) mod empty;
mod files;
mod mentions;
mod packages;
mod services;
mod settings;
mod signs;

use super::files::Content;
use super::{Cause, Change, Effect, Observe, Session, Subject, SysError, TaskStart};
use files::Certainty;
use hep_protocol::action::Action;
use hep_protocol::plan::Privacy;
use hep_protocol::value::AbsPath;
use mentions::Mentions;

/// A host and what would be different on it.
pub(crate) struct Overlay<O> {
    base: O,
    /// Earlier steps whose effect is not known here, in order.
    causes: Vec<Cause>,
    /// Those of them that name paths, in order.
    mentioned: Vec<(Mentions, Cause)>,
    /// Of the task whose steps these are.
    privacy: Privacy,
    files: files::Changed,
    packages: packages::Changed,
    services: services::Changed,
    accounts: accounts::Changed,
    settings: settings::Changed,
}

impl<O: Observe> Overlay<O> {
    /// Nothing is different yet.
    pub(crate) fn new(base: O) -> Self {
        Self {
            base,
            causes: Vec::new(),
            mentioned: Vec::new(),
            privacy: Privacy::Open,
            files: files::Changed::default(),
            packages: packages::Changed::default(),
            services: services::Changed::default(),
            accounts: accounts::Changed::default(),
            settings: settings::Changed::default(),
        }
    }
}

impl<O: Observe> Observe for Overlay<O> {
    fn depends(&self, subject: Subject<'_>) -> Option<Cause> {
        let own = match subject {
            Subject::Path(path) => self
                .named(&words(path))
                .or_else(|| self.mentioned(path, Mentions::reaches_below))
                .or_else(|| self.latest()),
            Subject::Place(path) => match self.certainty(path) {
                Certainty::Known => self.mentioned(path, Mentions::has),
                Certainty::Missing => self
                    .named(&words(path))
                    .or_else(|| self.mentioned(path, Mentions::reaches_below)),
                Certainty::Implied => self.named(&words(path)).or_else(|| self.latest()),
            },
            Subject::There(path) => self.mentioned(path, Mentions::has),
            Subject::Tree(path) => self.mentioned(path, Mentions::reaches_below),
            Subject::Hindrance => self.causes.iter().rfind(|cause| may_be_anything(cause)).cloned(),
            // It runs only where there is a content to look at.
            Subject::Verdict(command) => Some(Cause::Command(command.to_string())),
            Subject::User(name) | Subject::Group(name) => {
                let added = self.accounts.cause(name);
                added.or_else(|| self.named(&[name])).or_else(|| self.latest())
            }
            Subject::Service(name) => self.named(&[name.as_str()]).or_else(|| self.latest()),
            Subject::Services => self.acted_on().or_else(|| self.latest()),
        };
        own.or_else(|| self.base.depends(subject))
    }
}

impl<O: Observe> Change for Overlay<O> {
    /// Nothing is put, so nothing is fetched for it, and nothing more of what was foreseen.
    fn announce(&mut self, _contents: &[&Content]) {
        self.base.foresee(&[]);
    }

    fn apply(&mut self, action: &Action) -> Result<Effect, SysError> {
        match action {
            Action::File(action) => self.apply_file(action),
            Action::Package(action) => self.apply_package(action),
            Action::Service(action) => self.apply_service(action),
            Action::Account(action) => self.apply_account(action),
            Action::Setting(setting) => Ok(self.apply_setting(setting)),
            // Nothing runs, and everything after it may depend on what would have.
            Action::Program(invocation) => {
                let cause = self.expect(Cause::Command(invocation.words.clone()));
                self.mentioned.push((Mentions::of(invocation), cause));
                Ok(Effect::WouldRun)
            }
            Action::Wait(wait) => self.wait(wait),
        }
    }
}

impl<O> Overlay<O> {
    /// The host below.
    pub(crate) fn base(&mut self) -> &mut O {
        &mut self.base
    }

    /// Forgets every change.
    pub(crate) fn into_base(self) -> O {
        self.base
    }

    /// Later steps may rest on what this one would do. Of a sensitive task they do not tell what that is.
    fn expect(&mut self, cause: Cause) -> Cause {
        let cause = match self.privacy {
            Privacy::Open => cause,
            Privacy::Sensitive => Cause::Sensitive,
        };
        self.causes.push(cause.clone());
        cause
    }

    /// The package that bears one of these names: the likeliest to bring it.
    fn named(&self, words: &[&str]) -> Option<Cause> {
        let named = self.causes.iter().find_map(|cause| match cause {
            Cause::Packages(names) => names.iter().find(|name| words.contains(&name.as_str())),
            Cause::Service(_)
            | Cause::Account(_)
            | Cause::Command(_)
            | Cause::File(_)
            | Cause::Task(_)
            | Cause::Sensitive => None,
        });
        named.map(|name| Cause::Packages(vec![name.clone()]))
    }

    fn latest(&self) -> Option<Cause> {
        self.causes.last().cloned()
    }
}

impl<O: Observe> Overlay<O> {
    /// The latest step that names a path, or something about it, and that no later step has settled.
    fn mentioned(&self, path: &AbsPath, how: fn(&Mentions, &AbsPath) -> bool) -> Option<Cause> {
        if self.mentioned.is_empty() {
            return None;
        }
        let at = self.locate(path).unwrap_or_else(|_| path.clone());
        let settled = self.files.settled(&at);
        let since = self.mentioned.get(settled..).unwrap_or_default();
        let names = |(mentions, _): &&(Mentions, Cause)| how(mentions, path) || how(mentions, &at);
        since.iter().rfind(names).map(|(_, cause)| cause.clone())
    }
}

/// Whether a step may do to the host whatever there is to do.
fn may_be_anything(cause: &Cause) -> bool {
    match cause {
        Cause::Command(_) | Cause::Task(_) | Cause::Sensitive => true,
        Cause::Packages(_) | Cause::Service(_) | Cause::Account(_) | Cause::File(_) => false,
    }
}

/// The components of a path, whole and without what follows a dot: `/etc/foo.conf` may be of package `foo`.
fn words(path: &AbsPath) -> Vec<&str> {
    let components = path.as_str().split('/').filter(|word| !word.is_empty());
    components.flat_map(|word| [word, word.split('.').next().unwrap_or(word)]).collect()
}

impl<O: Observe + Session> Session for Overlay<O> {
    fn cancelled(&self) -> bool {
        self.base.cancelled()
    }

    fn begin_task(&mut self, task: TaskStart) {
        self.privacy = task.privacy;
        self.packages.begin_task();
        self.base.begin_task(task);
    }

    fn foresee(&mut self, cause: Cause) {
        if let Cause::Task(title) = &cause {
            self.mentioned.push((Mentions::in_text(title), cause.clone()));
        }
        self.causes.push(cause);
    }
}
