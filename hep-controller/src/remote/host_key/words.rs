//! What is said of a host's key: the question to the operator, and why a key is refused.

use super::{HostKeyPolicy, Shown};
use crate::remote::Problem;
use crate::remote::host_certificate::Flaw;
use crate::remote::known_hosts::{Distrusted, Place};
use crate::remote::public_key::PublicKey;
use std::path::Path;

/// So many other names a question shows, as in ssh.
const NAMES: usize = 8;

/// Under which other names a key is known, in OpenSSH's words.
pub(super) fn others(names: &[String]) -> String {
    if names.is_empty() {
        return "This key is not known by any other names.".to_owned();
    }
    let mut text = "This host key is known by the following other names/addresses:".to_owned();
    for name in names.iter().take(NAMES) {
        text.push_str(&format!("\n    {name}"));
    }
    if names.len() > NAMES {
        text.push_str(&format!("\n    ({} additional names omitted)", names.len() - NAMES));
    }
    text
}

/// In OpenSSH's words, which operators have learnt to read.
pub(super) fn question(shown: &Shown<'_>, remark: &str) -> String {
    format!(
        "The authenticity of host '{}' can't be established.\n{} key fingerprint is {}.\n{remark}\n\
         Are you sure you want to continue connecting",
        shown.whose(),
        shown.key.shown_kind(),
        shown.key.fingerprint()
    )
}

pub(super) fn revoked(shown: &Shown<'_>, place: &Place) -> Problem {
    Problem::new(format!("{} is revoked by {place}", shown.key()))
}

pub(super) fn distrusted(key: &PublicKey, name: &str) -> Problem {
    Problem::new(format!("{} was not trusted by the operator", named(key, name)))
}

pub(super) fn named(key: &PublicKey, name: &str) -> String {
    format!("the {} key {} of {name}", key.shown_kind(), key.fingerprint())
}

pub(super) fn changed(
    shown: &Shown<'_>,
    place: &Place,
    old: &PublicKey,
    policy: HostKeyPolicy,
) -> Problem {
    Problem::new(format!(
        "{} is not the key known for it: {place} has the {} key {}; this may be a man-in-the-middle attack",
        shown.key(),
        old.shown_kind(),
        old.fingerprint()
    ))
    .with_hint(how_to_replace(&place.file, &shown.name(), policy))
}

/// What to do about a host that was given a new key, whichever SSH has met it.
pub(in crate::remote) fn how_to_replace(file: &Path, name: &str, policy: HostKeyPolicy) -> String {
    let file = file.display();
    let replace = format!(
        "if the host was really given a new key: `ssh-keygen -f {file} -R '{name}'`, then push again"
    );
    match policy {
        HostKeyPolicy::Lax => format!(
            "{replace}; `StrictHostKeyChecking no` lets no changed key pass here, `--host-key off` checks none"
        ),
        HostKeyPolicy::Ask
        | HostKeyPolicy::Strict
        | HostKeyPolicy::AcceptNew
        | HostKeyPolicy::Off => replace,
    }
}

pub(super) fn unknown(shown: &Shown<'_>, authority: Option<&Distrusted>) -> Problem {
    let problem = Problem::new(format!("{} is not known", shown.key()));
    let Some(Distrusted { place, flaw }) = authority else {
        return problem.with_hint(shown.how_to_trust());
    };
    let why = match flaw {
        Some(flaw) => format!("its certificate {flaw}"),
        None => "it showed no certificate".to_owned(),
    };
    let hint = match flaw {
        Some(Flaw::Foreign(_)) => "`--transport openssh` has `ssh` judge it".to_owned(),
        Some(_) | None => {
            format!(
                "give the host a new certificate (`ssh-keygen -h -s`); or {}",
                shown.how_to_trust()
            )
        }
    };
    Problem::new(format!("{}: {why}; {place} trusts an authority for this host", problem.what))
        .with_hint(hint)
}
