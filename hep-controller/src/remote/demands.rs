//! What ssh_config demands of every connection beside the way to the host: which algorithms and keys are good enough, which
//! are revoked, how to log in. The transport `ssh2` obeys what is here, and refuses what it cannot obey.

use super::public_key::PublicKey;
use super::public_key::certified;
use std::path::PathBuf;

/// The signature algorithms that count for authorities where nothing else is said (ssh_config(5)).
const CA_SIGNATURES: [&str; 8] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// Fewer bits are too few for anybody (`RequiredRSASize`).
const SMALLEST_RSA: u32 = 1024;

/// The demands on the connection to one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demands {
    pub(crate) algorithms: Algorithms,
    /// The signature algorithms that certificate authorities may use: `CASignatureAlgorithms`.
    pub(crate) ca_signatures: Vec<String>,
    /// How many bits an RSA key must have, a host's or one's own: `RequiredRSASize`.
    pub(crate) smallest_rsa: u32,
    /// The list of keys that no host may have: `RevokedHostKeys`.
    pub(crate) revoked: Option<PathBuf>,
    /// Whether known_hosts is to hide the names of hosts: `HashKnownHosts`.
    pub(crate) hashes_names: bool,
    pub(crate) barred: Barred,
    /// Settings that only `ssh` can obey, as ssh_config has them.
    pub(crate) foreign: Vec<String>,
}

/// Lists of algorithms, best first; None if nothing is said, and hep's own order counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Algorithms {
    pub(crate) kex: Option<Vec<String>>,
    pub(crate) host_keys: Option<Vec<String>>,
    pub(crate) ciphers: Option<Vec<String>>,
    pub(crate) macs: Option<Vec<String>>,
    /// Those of one's own keys: `PubkeyAcceptedAlgorithms`.
    pub(crate) own_keys: Option<Vec<String>>,
}

/// The ways to log in that are not to be tried, and the setting that says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Barred {
    pub(crate) public_key: Option<&'static str>,
    pub(crate) password: Option<&'static str>,
    pub(crate) interactive: Option<&'static str>,
}

impl Default for Demands {
    fn default() -> Demands {
        Demands {
            algorithms: Algorithms::default(),
            ca_signatures: CA_SIGNATURES.map(str::to_owned).into(),
            smallest_rsa: SMALLEST_RSA,
            revoked: None,
            hashes_names: false,
            barred: Barred::default(),
            foreign: Vec::new(),
        }
    }
}

impl Demands {
    /// The setting that keeps one of the operator's own keys from being used, if any does. A key of which nothing is known
    /// (PEM, with no public half beside it) may be an RSA key of any size.
    pub(super) fn bars_key(&self, key: Option<&PublicKey>) -> Option<&'static str> {
        let Demands { algorithms, smallest_rsa, barred, .. } = self;
        let kind = key.map(PublicKey::kind);
        let plain = key.and_then(|key| certified(key).or_else(|| Some(key.clone())));
        let is_small = match (kind, plain.as_ref().and_then(PublicKey::rsa_bits)) {
            (_, Some(bits)) => bits < *smallest_rsa,
            (None, None) => *smallest_rsa > SMALLEST_RSA,
            (Some(_), None) => false,
        };
        let accepts = |names: &Vec<String>| {
            let any = |allowed: &[&str]| names.iter().any(|name| allowed.contains(&name.as_str()));
            match kind {
                Some("ssh-rsa") | None => any(&RSA),
                Some("ssh-rsa-cert-v01@openssh.com") => any(&RSA_CERTIFICATES),
                Some(kind) => any(&[kind]),
            }
        };
        if barred.public_key.is_some() {
            barred.public_key
        } else if is_small {
            Some("RequiredRSASize")
        } else if algorithms.own_keys.as_ref().is_some_and(|names| !accepts(names)) {
            Some("PubkeyAcceptedAlgorithms")
        } else {
            None
        }
    }
}

/// The signature algorithms of an RSA key.
const RSA: [&str; 3] = ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];

/// Those of its certificate.
const RSA_CERTIFICATES: [&str; 3] = [
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
];
