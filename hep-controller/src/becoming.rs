//! As whom the hosts of a run go on, and with which password: from the plan, the inventory, the command line and the config.

use crate::cli;
use crate::config::Config;
use crate::inventory;
use crate::manifest::rights::{self, Start};
use crate::remote::Secret;
use crate::remote::password_command::{Printed, Sources};
use crate::settings::Refusal;
use crate::stop::Stop;
use crate::ui::Ui;
use hep_protocol::plan::{HostPart, Plan};
use hep_protocol::rights::{Means, Method};
use std::collections::HashMap;

/// What a run says of other users than those of the logins.
pub(crate) struct Becoming<'a> {
    /// As whom each host's run has to go on, in the run's order.
    starts: Vec<Start>,
    /// The method that its manifest names.
    method: Option<Method>,
    options: &'a cli::rights::Rights,
}

impl<'a> Becoming<'a> {
    /// What a plan asks for on its hosts.
    pub(crate) fn new<'p>(
        plan: &Plan,
        hosts: &'p [HostPart],
        method: Option<Method>,
        options: &'a cli::rights::Rights,
    ) -> Becoming<'a> {
        // Most hosts are alike in this, and a plan may be long.
        let mut known: HashMap<(&[u32], String), Start> = HashMap::new();
        let mut start = |part: &'p HostPart| {
            let HostPart { plays, act_as, .. } = part;
            let alike = (plays.as_slice(), format!("{act_as:?}"));
            known.entry(alike).or_insert_with(|| rights::start(plan, part)).clone()
        };
        Becoming { starts: hosts.iter().map(&mut start).collect(), method, options }
    }

    /// What each host's agent is told; nothing where no task runs as another user. Asks for a password if that is wished:
    /// no answer is `login`, the one that was typed for the login.
    ///
    /// # Errors
    /// A password cannot be asked for, or its command fails.
    pub(crate) fn means(
        &self,
        hosts: &[inventory::Rights],
        config: &Config,
        login: Option<&Secret>,
        stop: &Stop,
        ui: &mut Ui,
    ) -> Result<Vec<Option<Means>>, Refusal> {
        let asked = self.ask(login, stop, ui)?;
        let mut printed = Printed::new(stop);
        let (own, usual) = (self.options, &config.rights);
        let mut means = Vec::with_capacity(self.starts.len());
        for (start, host) in self.starts.iter().zip(hosts) {
            let start = match start {
                Start::Login => {
                    means.push(None);
                    continue;
                }
                Start::User(user) => Some(user.clone()),
                Start::Each => None,
            };
            let method = host.method.or(self.method).or(own.method.map(Into::into));
            let sources = Sources {
                typed: asked.as_ref(),
                line: own.become_password_command.as_deref(),
                host: (host.password.as_ref(), host.password_command.as_deref()),
                config: (usual.password.as_ref(), usual.password_command.as_deref()),
            };
            let password = printed
                .nearest(sources, "become_password_command")
                .map_err(|problem| Refusal::unless_stopped(problem, stop))?;
            let method = method.or(usual.method).unwrap_or_default();
            means.push(Some(Means { method, password, start }));
        }
        Ok(means)
    }

    fn ask(
        &self,
        login: Option<&Secret>,
        stop: &Stop,
        ui: &mut Ui,
    ) -> Result<Option<Secret>, Refusal> {
        if !self.options.ask_become_pass || self.starts.iter().all(|start| *start == Start::Login) {
            return Ok(None);
        }
        let question = match login {
            Some(_) => "become password [that of the login]: ",
            None => "become password: ",
        };
        match ui.ask_password(question, stop) {
            Ok(text) if text.is_empty() && login.is_some() => Ok(login.cloned()),
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(_) if stop.wanted() => Err(Refusal::Stopped),
            Err(error) => Err(Refusal::new(
                format!("the password could not be asked for: {error}"),
                "without one, write `become_password=` or `become_password_command=` into the hosts file, or into \
                 `become:` of the config",
            )),
        }
    }
}
