//! The user a task runs as: what the host and the task say about it, and the switch to that user and back.

use super::Walk;
use super::task::Job;
use crate::escalate::Login;
use crate::render::{Names, Unrendered};
use crate::sys::linux::credentials::{Identity, may_switch};
use crate::sys::{Host, Subject, SysError};
use hep_protocol::plan::CheckPolicy;
use hep_protocol::rights::ROOT;
use hep_protocol::truth::truth_of_value;
use hep_protocol::value::Json;
use serde_json::Value;

/// With whose rights a task runs.
pub(super) enum Actor {
    /// The process's own, or those that its thread takes.
    Here(Worn),
    /// Those of another agent, of the user of that name.
    There(String),
}

/// Rights that this process's thread has meanwhile; without a user, its own.
pub(super) struct Worn(Option<Identity>);

impl Worn {
    /// Does something with these rights and no others.
    pub(super) fn act<R>(&self, act: impl FnOnce() -> R) -> Result<R, SysError> {
        match &self.0 {
            Some(identity) => identity.act(act),
            None => Ok(act()),
        }
    }
}

impl Walk<'_> {
    /// With whose rights a try runs: that user's, or the process's own.
    pub(super) fn actor_of(
        &mut self,
        job: &Job<'_>,
        user: Option<String>,
    ) -> Result<Actor, Unrendered> {
        let own = Actor::Here(Worn(None));
        let Some(name) = user else { return Ok(own) };
        let Some(identity) = self.identity(&name).map_err(Unrendered::Wrong)? else {
            return Err(self.nobody(job.control.check, &name));
        };
        if identity.is_own() {
            return Ok(own);
        }
        if may_switch() {
            return Ok(Actor::Here(Worn(Some(identity))));
        }
        if !self.helpers.can_be() {
            let error = SysError::new(format!("cannot run as `{name}`: the agent is not root"));
            let hint = "connect as root or as that user; run `hep-agent apply` by sudo";
            return Err(Unrendered::Wrong(error.hint(hint)));
        }
        Ok(Actor::There(name))
    }

    /// The user of that name; the login's has the groups of its login, wherever those come from.
    fn identity(&mut self, name: &str) -> Result<Option<Identity>, SysError> {
        let login = &self.login;
        self.identities.of(name, || match login {
            Some(login) if login.name == name => {
                let Login { name, uid, gid, groups } = login;
                Identity::of_session(name, *uid, *gid, groups).map(Some)
            }
            Some(_) | None => Identity::of(name),
        })
    }

    /// The name of another user than the process's, if the task wants one.
    pub(super) fn user(&self, job: &Job<'_>, names: &Names) -> Result<Option<String>, Unrendered> {
        let (host, own) = (names.act_as(), &job.control.act_as);
        let wanted = match host.wanted.as_ref().or(own.wanted.as_ref()) {
            Some(wanted) => wants(&names.tree(wanted)?)?,
            None => false,
        };
        let user = host.user.as_ref().or(own.user.as_ref());
        match (wanted, user) {
            (false, _) => Ok(self.login.as_ref().map(|login| login.name.clone())),
            (true, None) => Ok(Some(ROOT.to_owned())),
            (true, Some(user)) => user_name(names, user).map(Some),
        }
    }

    /// An earlier step that only a real run would show may make that user.
    fn nobody(&mut self, policy: CheckPolicy, name: &str) -> Unrendered {
        let look = |host: &mut dyn Host, _| host.depends(Subject::User(name));
        match self.machine.with(policy, look).flatten() {
            Some(cause) => Unrendered::Unknown(cause.to_string()),
            None => {
                let error = SysError::new(format!("there is no user `{name}` on the host"));
                Unrendered::Wrong(error.hint("correct `become_user`, or create the user first"))
            }
        }
    }
}

fn wants(value: &Value) -> Result<bool, Unrendered> {
    // Left out by `default(omit)`, it is not asked for.
    let wanted = if value.is_null() { Some(false) } else { truth_of_value(value) };
    wanted.ok_or_else(|| {
        Unrendered::Wrong(SysError::new(format!("`become` takes yes or no, found {value}")))
    })
}

fn user_name(names: &Names, user: &Json) -> Result<String, Unrendered> {
    match names.tree(user)? {
        Value::String(name) if !name.is_empty() => Ok(name),
        Value::Null => Ok(ROOT.to_owned()),
        other @ (Value::String(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => Err(Unrendered::Wrong(SysError::new(format!(
            "`become_user` takes the name of a user, found {other}"
        )))),
    }
}
