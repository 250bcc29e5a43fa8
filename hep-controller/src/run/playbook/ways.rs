//! What plays say of the way to their hosts. A host has one connection for all plays: where they differ, hep says so.

use crate::ast::{Manifest, Spot};
use crate::check::variables::Extra;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::LOCALHOST;
use crate::inventory::Host;
use crate::remote::Transport;
use crate::run::HostRun;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Language, Scope, Variables, has_expression};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Fills in, for each host, what its variables leave open and the keywords of its plays say.
///
/// # Errors
/// Plays that disagree, and values that hep does not know.
pub(crate) fn follow_plays(
    runs: &mut [HostRun],
    manifest: &Manifest,
    extra: &Extra,
) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::default();
    for HostRun { host, part, .. } in runs {
        let plays = part.plays.iter().filter_map(|play| manifest.plays.get(*play as usize));
        let logins: Vec<_> = plays.map(|play| &play.login).collect();
        let before = host.clone();
        let mut reading = Reading { host: &before, extra, problems: &mut problems };
        if host.transport.is_none() {
            let spots: Vec<_> = logins.iter().map(|login| login.connection.as_ref()).collect();
            host.transport = reading.transport(&spots);
            if host.transport == Some(Transport::Local) && host.address.is_empty() {
                host.address = LOCALHOST.to_owned();
            }
        }
        if host.user.is_none() {
            let spots: Vec<_> = logins.iter().map(|login| login.user.as_ref()).collect();
            host.user = reading.one(&spots).map(|(text, _)| text);
        }
        if host.port.is_none() {
            let spots: Vec<_> = logins.iter().map(|login| login.port.as_ref()).collect();
            host.port = reading.port(&spots);
        }
    }
    problems.unless(())
}

/// The reading of what the plays of one host say.
struct Reading<'a> {
    host: &'a Host,
    extra: &'a Extra,
    problems: &'a mut Diagnostics,
}

impl Reading<'_> {
    fn transport(&mut self, spots: &[Option<&Spot>]) -> Option<Transport> {
        let (text, spot) = self.one(spots)?;
        super::connection(&text).unwrap_or_else(|_| {
            let message = format!("hep has no connection `{text}`");
            let hint = "write `ssh` or `local`, or leave the hosts out with `--limit`";
            self.problems.push(spot.problem(message).hint(hint));
            None
        })
    }

    fn port(&mut self, spots: &[Option<&Spot>]) -> Option<u16> {
        let (text, spot) = self.one(spots)?;
        let port = text.parse().ok().filter(|port| *port > 0);
        if port.is_none() {
            let message = format!("`{text}` is not a port");
            self.problems.push(spot.problem(message).hint("write a number from 1 to 65535"));
        }
        port
    }

    /// What all of these say.
    fn one<'s>(&mut self, spots: &[Option<&'s Spot>]) -> Option<(String, &'s Spot)> {
        let first = *spots.iter().flatten().next()?;
        let mut texts = Vec::new();
        for spot in spots {
            match spot.map(|spot| self.text(spot)) {
                None => texts.push(None),
                Some(Ok(text)) => texts.push(Some(text)),
                Some(Err(problem)) => {
                    self.problems.push(*problem);
                    return None;
                }
            }
        }
        if texts.windows(2).any(|pair| pair.first() != pair.last()) {
            let name = &self.host.name;
            let message =
                format!("plays reach `{name}` in different ways, and hep has one way to a host");
            let hint = "say it in the inventory (`ansible_connection`, `ansible_user`, `ansible_port`), or run the plays \
                        one by one";
            self.problems.push(first.problem(message).hint(hint));
            return None;
        }
        texts.into_iter().flatten().next().map(|text| (text, first))
    }

    fn text(&self, spot: &Spot) -> Result<String, Box<Diagnostic>> {
        if !has_expression(&spot.text) {
            return Ok(spot.text.clone());
        }
        let own = self.host.effective();
        let mut vars: Map<String, Value> =
            own.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
        vars.extend(self.extra.vars());
        let scope: Arc<dyn Scope> = Arc::new(Variables(vars));
        match Language::of(Dialect::Ansible).text(&spot.text, &scope) {
            Ok(Value::String(text)) => Ok(text),
            Ok(other) => Ok(other.to_string()),
            Err(trouble) => {
                let hint = "it may use variables of the inventory and `-e`: the way to a host is known before its facts";
                Err(Box::new(spot.problem(trouble.message).hint(hint)))
            }
        }
    }
}
