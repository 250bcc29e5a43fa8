//! What apt would do and the task does not allow: found before anything is changed.

use super::request::{Facts, strangers};
use super::{Outlook, State};
use crate::sys::SysError;
use crate::sys::packages::*;
use hep_protocol::task::apt::{Apt, Upgrade};

/// Whether a package goes away.
pub(super) fn goes(delta: &Delta) -> bool {
    match delta.to {
        After::Removed | After::Purged => true,
        After::Version(_) | After::Unforeseen => false,
    }
}

/// Whether dpkg is ready for what the task asks. What it was interrupted at and the task itself removes, replaces or
/// finishes is no obstacle: apt-get does that without a repair.
pub(super) fn finished(facts: &Facts, params: &Apt) -> Result<(), SysError> {
    let broken = strangers(params, facts);
    if broken.is_empty() && !facts.database.unfinished {
        return Ok(());
    }
    let what = if broken.is_empty() {
        "dpkg was interrupted and has to finish first".to_owned()
    } else {
        format!("dpkg was interrupted at {} and has to finish first", broken.join(", "))
    };
    Err(SysError::new(what).hint("add `recover: true`: it runs `dpkg --configure -a`"))
}

/// Whether the task allows all that apt would do.
pub(super) fn allowed(params: &Apt, state: &State, outlook: &Outlook) -> Result<(), SysError> {
    held(params, state, outlook)?;
    downgrades(params, outlook)?;
    removals(params, state, outlook)
}

fn is_meant(state: &State, delta: &Delta) -> bool {
    state.request.meant.iter().any(|meant| meant.is(delta, &state.facts.database))
}

/// A package's name, with its architecture if that is not the machine's own.
fn full_name(database: &Database, delta: &Delta) -> String {
    match database.qualifier(&delta.arch) {
        Some(arch) => format!("{}:{arch}", delta.name),
        None => delta.name.clone(),
    }
}

/// A task that says `hold` decides for the packages it names; no task decides for others.
fn held(params: &Apt, state: &State, outlook: &Outlook) -> Result<(), SysError> {
    let database = &state.facts.database;
    let mut reasons = Vec::new();
    let mut others = Vec::new();
    for delta in &outlook.deltas {
        let arch = Some(delta.arch.as_str()).filter(|arch| !arch.is_empty());
        let entry = database.get(&delta.name, arch).filter(|entry| entry.is_present());
        let decides = params.hold.is_some() && is_meant(state, delta);
        if let Some(entry) = entry.filter(|entry| entry.want == Want::Hold && !decides) {
            let what = match &delta.to {
                After::Version(version) => format!("would become {version}"),
                After::Unforeseen => "would become another version".to_owned(),
                After::Removed | After::Purged => "would be removed".to_owned(),
            };
            let name = full_name(database, delta);
            reasons.push(format!("{name} is held at {} and {what}", entry.version));
            if !is_meant(state, delta) {
                others.push(name);
            }
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let error = SysError::new(reasons.join("; "));
    Err(if others.is_empty() {
        error.hint("add `hold: false` to take the hold away")
    } else {
        error.hint(format!(
            "a task before may say `apt: {{package: [{}], hold: false}}`",
            others.join(", ")
        ))
    })
}

fn downgrades(params: &Apt, outlook: &Outlook) -> Result<(), SysError> {
    let older = outlook.deltas.iter().filter_map(|delta| match (&delta.from, &delta.to) {
        (Some(from), After::Version(to)) if to.compare(from).is_lt() => {
            Some(format!("{} {from} is installed, and {to} is older", delta.name))
        }
        (_, After::Version(_) | After::Unforeseen | After::Removed | After::Purged) => None,
    });
    let older: Vec<String> = older.collect();
    if older.is_empty() || params.allow_downgrade {
        Ok(())
    } else {
        Err(SysError::new(older.join("; ")).hint("add `allow_downgrade: true`"))
    }
}

/// What goes must have been named, be needed no more (`autoremove`), or be part of `upgrade: dist`.
fn removals(params: &Apt, state: &State, outlook: &Outlook) -> Result<(), SysError> {
    let unasked = |delta: &&Delta| {
        goes(delta) && !is_meant(state, delta) && !outlook.superfluous.contains(delta)
    };
    let names: Vec<String> = outlook
        .deltas
        .iter()
        .filter(unasked)
        .map(|delta| {
            let name = full_name(&state.facts.database, delta);
            delta.from.as_ref().map_or(name.clone(), |from| format!("{name} {from}"))
        })
        .collect();
    if names.is_empty() || params.allow_removals || params.upgrade == Some(Upgrade::Dist) {
        Ok(())
    } else {
        let text = format!("this would also remove what nobody asked for: {}", names.join(", "));
        Err(SysError::new(text).hint("add `allow_removals: true` if that is meant"))
    }
}
