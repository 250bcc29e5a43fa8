//! What is no mistake and most likely not meant: told beside the plan.

use super::Flat;
use crate::ast::ManifestTask;
use crate::ast::rights::{Rights, idle_user};
use crate::check::{Input, params::generous_mode};
use hep_protocol::expression::has_expression;

impl Flat<'_, '_> {
    /// A task that names a user and stays the login's all the same was not meant like that.
    pub(super) fn tell_of_idle_user(&mut self, own: &Rights, all: &Rights) {
        let Input { targets, options, .. } = self.emitter.input;
        let by_hosts = targets.members.iter().any(|member| member.act_as.wanted.is_some());
        let Some(user) = idle_user(own, all, &options.act_as).filter(|_| !by_hosts) else {
            return;
        };
        let before = user.source.text.get(..user.node.span.start).unwrap_or_default();
        let (path, line) = (user.source.path.display(), before.matches('\n').count() + 1);
        let what = "`become_user` has no effect without `become: true`";
        self.emitter.warnings.push(format!("{path}:{line}: {what}"));
    }

    /// `mode: 420`, which is 0644 in decimal, and all other modes that give away what the owner has not.
    pub(super) fn tell_of_generous_mode(&mut self, task: &ManifestTask) {
        let doubts = generous_mode(task, &task.params, |written| !has_expression(written));
        self.emitter.warnings.extend(doubts);
    }
}
