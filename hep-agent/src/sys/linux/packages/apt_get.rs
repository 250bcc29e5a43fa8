//! The command lines of apt-get(8).

use crate::sys::packages::{Target, Transaction, Verb};
use hep_protocol::task::apt::Upgrade;
use std::time::Duration;

/// What a command line is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To see what would happen; nothing is refused, so that all of it can be judged.
    Simulate,
    /// To do it, and nothing that was not allowed.
    Act,
}

/// The command line of a transaction.
pub(super) fn arguments(transaction: &Transaction, purpose: Purpose) -> Vec<String> {
    let Transaction { verb, targets, options } = transaction;
    let mut argv: Vec<String> = ["apt-get", "-q", "-y"].map(str::to_owned).into();
    let simulate = purpose == Purpose::Simulate;
    let mut set = |key: &str, value: &str| argv.extend(["-o".to_owned(), format!("{key}={value}")]);
    if let Some(recommends) = options.recommends {
        set("APT::Install-Recommends", if recommends { "true" } else { "false" });
    }
    if simulate {
        set("APT::Get::Show-User-Simulation-Note", "false");
    } else {
        set("Dpkg::Use-Pty", "0");
        set("DPkg::Lock::Timeout", &options.patience.as_secs().to_string());
        options.dpkg.iter().for_each(|option| set("Dpkg::Options::", &format!("--{option}")));
    }
    for (flag, wanted) in [
        ("--simulate", simulate),
        ("--allow-downgrades", simulate || options.downgrades),
        ("--allow-change-held-packages", simulate || options.held),
        ("--allow-remove-essential", simulate),
        ("--no-remove", !simulate && !options.removals),
        ("--auto-remove", options.autoremove),
    ] {
        if wanted {
            argv.push(flag.to_owned());
        }
    }
    if let Some(release) = &options.release {
        argv.extend(["-t".to_owned(), release.clone()]);
    }
    argv.extend(words(*verb).iter().map(|&word| word.to_owned()));
    argv.extend(targets.iter().map(Target::to_string));
    argv
}

fn words(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Install => &["install"],
        Verb::Remove => &["remove"],
        Verb::Purge => &["purge"],
        Verb::BuildDep => &["build-dep"],
        Verb::Upgrade(Upgrade::Safe) => &["upgrade"],
        Verb::Upgrade(Upgrade::Full) => &["--with-new-pkgs", "upgrade"],
        Verb::Upgrade(Upgrade::Dist) => &["dist-upgrade"],
        Verb::Autoremove => &["autoremove"],
    }
}

/// The command line that completes what dpkg alone cannot, removing nothing.
pub(super) fn repair(patience: Duration) -> Vec<String> {
    let timeout = format!("DPkg::Lock::Timeout={}", patience.as_secs());
    let confdef = "Dpkg::Options::=--force-confdef";
    let confold = "Dpkg::Options::=--force-confold";
    let argv = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", &timeout, "-o", confdef];
    let rest = ["-o", confold, "--no-remove", "--fix-broken", "install"];
    argv.iter().chain(&rest).map(|&word| word.to_owned()).collect()
}
