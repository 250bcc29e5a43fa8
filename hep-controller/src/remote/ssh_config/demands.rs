//! The demands that `ssh -G` tells of: what was said, and not what `ssh` takes anyway.

use super::{Lines, Tokens};
use crate::remote::Problem;
use crate::remote::demands::{Algorithms, Barred, Demands};

/// Settings that only `ssh` can obey, their names, and the values by which they ask for nothing.
const FOREIGN: [(&str, &str, &[&str]); 5] = [
    ("checkhostip", "CheckHostIP", &["no"]),
    ("knownhostscommand", "KnownHostsCommand", &["none"]),
    ("refuseconnection", "RefuseConnection", &["none"]),
    ("rekeylimit", "RekeyLimit", &["0 0"]),
    ("verifyhostkeydns", "VerifyHostKeyDNS", &["no", "false"]),
];

/// These apply if nothing is said. `usual` is what `ssh` says where no file counts: each version and each build has
/// its own.
pub(super) fn read(
    lines: Lines<'_>,
    usual: Lines<'_>,
    tokens: &Tokens<'_>,
) -> Result<Demands, Problem> {
    let said = |key: &str| lines.one(key).filter(|value| usual.one(key) != Some(*value));
    let list = |key: &str| said(key).map(words);
    let none = Demands::default();
    let revoked = lines.one("revokedhostkeys").map(|text| tokens.path(text)).transpose()?;
    Ok(Demands {
        algorithms: Algorithms {
            kex: list("kexalgorithms"),
            host_keys: list("hostkeyalgorithms"),
            ciphers: list("ciphers"),
            macs: list("macs"),
            // OpenSSH before 8.5 calls it so.
            own_keys: list("pubkeyacceptedalgorithms").or_else(|| list("pubkeyacceptedkeytypes")),
        },
        // Allowing more than hep knows allows no more than that.
        ca_signatures: list("casignaturealgorithms").unwrap_or(none.ca_signatures),
        smallest_rsa: lines
            .number("requiredrsasize")
            .map_or(none.smallest_rsa, |bits| bits.max(none.smallest_rsa)),
        revoked,
        hashes_names: lines.one("hashknownhosts") == Some("yes"),
        barred: barred(lines),
        foreign: foreign(said),
    })
}

/// In the order in which a message should name them: what is off, then what is not preferred.
fn barred(lines: Lines<'_>) -> Barred {
    let preferred = lines.one("preferredauthentications").map(words);
    let unless = |key: &str, setting: &'static str, method: &str| {
        if matches!(lines.one(key), Some("no" | "false")) {
            Some(setting)
        } else if preferred.as_ref().is_some_and(|ways| !ways.iter().any(|way| way == method)) {
            Some("PreferredAuthentications")
        } else {
            None
        }
    };
    let interactive = "KbdInteractiveAuthentication no";
    Barred {
        public_key: unless("pubkeyauthentication", "PubkeyAuthentication no", "publickey"),
        password: unless("passwordauthentication", "PasswordAuthentication no", "password"),
        interactive: unless("kbdinteractiveauthentication", interactive, "keyboard-interactive")
            // OpenSSH before 8.7 calls it so.
            .or_else(|| {
                unless("challengeresponseauthentication", interactive, "keyboard-interactive")
            }),
    }
}

fn foreign<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let asks = |(key, name, harmless): &(&str, &str, &[&str])| {
        let value = said(key).filter(|value| !harmless.contains(value))?;
        Some(format!("{name} {value}"))
    };
    FOREIGN.iter().filter_map(asks).collect()
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}
