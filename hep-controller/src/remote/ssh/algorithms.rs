//! Which algorithms a session offers: those that ssh_config names, of which libssh2 has at least one, or hep's own order.

use super::Failed;
use super::wire::{Broken, Wire};
use crate::remote::Problem;
use crate::remote::demands::Algorithms;
use ssh2::{ErrorCode, MethodType};

/// Those of OpenSSH's own that libssh2 has: none that is broken, and no CBC.
pub(super) const CIPHERS: [&str; 6] = [
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
];

/// First those that are made over what was encrypted.
pub(super) const MACS: [&str; 6] = [
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha1-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1",
];

/// Before the handshake; `host_keys` are those to ask for, best first.
pub(super) fn offer(
    wire: &mut Wire,
    algorithms: &Algorithms,
    host_keys: &[&str],
) -> Result<(), Failed> {
    let Algorithms { kex, host_keys: _, ciphers, macs, own_keys } = algorithms;
    let said = |list: &Option<Vec<String>>| list.as_ref().map(|names| names.join(","));
    let ciphers = said(ciphers).unwrap_or_else(|| CIPHERS.join(","));
    let macs = said(macs).unwrap_or_else(|| MACS.join(","));
    let mut prefer = |method, setting, names: &str| prefer(wire, method, setting, names);
    prefer(MethodType::HostKey, "HostKeyAlgorithms", &host_keys.join(","))?;
    prefer(MethodType::CryptCs, "Ciphers", &ciphers)?;
    prefer(MethodType::CryptSc, "Ciphers", &ciphers)?;
    prefer(MethodType::MacCs, "MACs", &macs)?;
    prefer(MethodType::MacSc, "MACs", &macs)?;
    if let Some(names) = said(kex) {
        prefer(MethodType::Kex, "KexAlgorithms", &names)?;
    }
    if let Some(names) = said(own_keys) {
        prefer(MethodType::SignAlgo, "PubkeyAcceptedAlgorithms", &names)?;
    }
    Ok(())
}

fn prefer(
    wire: &mut Wire,
    method: MethodType,
    setting: &'static str,
    names: &str,
) -> Result<(), Failed> {
    let none = ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_METHOD_NOT_SUPPORTED);
    let preferred = wire.run(|session| session.method_pref(method, names));
    preferred.map_err(|broken| {
        if !matches!(&broken, Broken::Refused(error) if error.code() == none) {
            return Failed::because("the algorithms to offer cannot be set", broken);
        }
        let what = format!(
            "the transport `ssh2` has none of what `{setting}` of ssh_config allows: {names}"
        );
        let hint = "`--transport openssh` has all that `ssh` has";
        Failed::new(Problem::new(what).with_hint(hint))
    })
}
