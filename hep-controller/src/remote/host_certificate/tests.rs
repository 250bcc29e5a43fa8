//! Certificates as `ssh-keygen` makes them, good ones and others.

use super::*;
use crate::remote::Demands;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::process::Command;

/// A directory with a host's key and an authority's.
struct Shop(tempfile::TempDir);

impl Shop {
    fn with(host: &[&str], authority: &[&str]) -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        for (name, kind) in [("host", host), ("ca", authority)] {
            shop.keygen(&[&["-N", "", "-f", name], kind].concat());
        }
        shop
    }

    fn usual() -> Shop {
        Shop::with(&["-t", "ed25519"], &["-t", "ed25519"])
    }

    fn at(&self) -> &Path {
        self.0.path()
    }

    fn keygen(&self, arguments: &[&str]) {
        let mut keygen = Command::new("ssh-keygen");
        let made = keygen.arg("-q").args(arguments).current_dir(self.at()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    fn key(&self, name: &str) -> PublicKey {
        let text = std::fs::read_to_string(self.at().join(name)).unwrap();
        let blob = STANDARD.decode(text.split(' ').nth(1).unwrap()).unwrap();
        PublicKey::from_blob(&blob).unwrap()
    }

    /// What the authority signs with these words.
    fn sign(&self, words: &[&str]) -> HostCertificate {
        self.keygen(&[&["-s", "ca", "-I", "id"], words, &["host.pub"]].concat());
        HostCertificate::of(&self.key("host-cert.pub")).unwrap().unwrap()
    }
}

fn seconds(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn flaw(certificate: &HostCertificate, host: &str, now: SystemTime) -> Option<Flaw> {
    let demands = Demands::default();
    let wanted = Wanted {
        host,
        now,
        algorithms: &demands.ca_signatures,
        smallest_rsa: demands.smallest_rsa,
    };
    certificate.flaw(&wanted)
}

#[test]
fn every_kind_of_authority_may_sign_every_kind_of_key() {
    let kinds: [&[&str]; 5] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "2048"],
    ];
    let check = |host: &[&str], authority: &[&str], words: &[&str]| {
        let shop = Shop::with(host, authority);
        let certificate = shop.sign(&[&["-h", "-n", "web"], words].concat());
        assert_eq!(certificate.key, shop.key("host.pub"));
        assert_eq!(certificate.authority, shop.key("ca.pub"));
        assert_eq!(flaw(&certificate, "web", SystemTime::now()), None, "{host:?} {authority:?}");
    };
    for kind in kinds {
        check(kind, &["-t", "ed25519"], &[]);
        check(&["-t", "ed25519"], kind, &[]);
    }
    check(&["-t", "ed25519"], &["-t", "rsa"], &["-t", "rsa-sha2-256"]);
}

#[test]
fn a_signature_by_sha1_or_one_that_is_not_allowed_counts_for_nothing() {
    let shop = Shop::with(&["-t", "ed25519"], &["-t", "rsa", "-b", "2048"]);
    let certificate = shop.sign(&["-h", "-t", "ssh-rsa"]);
    let found = flaw(&certificate, "web", SystemTime::now());
    assert_eq!(found, Some(Flaw::Algorithm("ssh-rsa".to_owned())));
    // Even where ssh_config allows it.
    let algorithms = ["ssh-rsa".to_owned()];
    let wanted =
        Wanted { host: "web", now: SystemTime::now(), algorithms: &algorithms, smallest_rsa: 1024 };
    assert_eq!(certificate.flaw(&wanted), Some(Flaw::Signature));
    let certificate = shop.sign(&["-h", "-t", "rsa-sha2-512"]);
    assert_eq!(certificate.flaw(&wanted), Some(Flaw::Algorithm("rsa-sha2-512".to_owned())));
    let algorithms = ["rsa-sha2-512".to_owned()];
    let wanted = Wanted { algorithms: &algorithms, smallest_rsa: 3072, ..wanted };
    assert_eq!(certificate.flaw(&wanted), Some(Flaw::SmallAuthority(2048)));
}

#[test]
fn times_are_held_to_the_second() {
    let certificate = Shop::usual().sign(&["-h", "-n", "web", "-V", "0x3e8:0x7d0"]);
    let check = |now, expected| assert_eq!(flaw(&certificate, "web", seconds(now)), expected);
    check(999, Some(Flaw::NotYetValid));
    check(1000, None);
    check(1999, None);
    check(2000, Some(Flaw::Expired));
    let before_1970 = UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(flaw(&certificate, "web", before_1970), Some(Flaw::NotYetValid));
}

#[test]
fn names_are_those_of_the_certificate() {
    let shop = Shop::usual();
    let check = |words: &[&str], host: &str, is_good: bool| {
        let found = flaw(&shop.sign(&[&["-h"], words].concat()), host, SystemTime::now());
        assert_eq!(found.is_none(), is_good, "{words:?} {host}: {found:?}");
        let other_host = matches!(found, None | Some(Flaw::OtherHost { .. }));
        assert!(other_host, "{found:?}");
    };
    check(&["-n", "web"], "web", true);
    check(&["-n", "db,web"], "web", true);
    check(&["-n", "db,web"], "web1", false);
    check(&["-n", "web1"], "web", false);
    check(&["-n", "web,web1"], "web,web1", false);
    check(&["-n", "*"], "web", false);
    check(&["-n", "*.example.org"], "web.example.org", false);
    check(&[], "web", true);
}

#[test]
fn a_certificate_for_users_or_with_a_critical_option_counts_for_nothing() {
    let shop = Shop::usual();
    let user = shop.sign(&["-n", "web"]);
    assert_eq!(flaw(&user, "web", SystemTime::now()), Some(Flaw::OfUser));
    let critical = shop.sign(&["-h", "-n", "web", "-O", "critical:verify-moon"]);
    let found = flaw(&critical, "web", SystemTime::now());
    assert_eq!(found, Some(Flaw::CriticalOption("verify-moon".to_owned())));
    // An extension is nothing that must be understood.
    let extended = shop.sign(&["-h", "-n", "web", "-O", "extension:moon=full"]);
    assert_eq!(flaw(&extended, "web", SystemTime::now()), None);
}

/// Each bit of the certificate but those of the signature's own length fields, one by one.
#[test]
fn no_byte_may_be_another() {
    for authority in [&["-t", "ed25519"][..], &["-t", "ecdsa"], &["-t", "rsa"]] {
        let shop = Shop::with(&["-t", "ed25519"], authority);
        let good = shop.sign(&["-h", "-n", "web"]);
        let blob = good.whole.blob();
        for at in 0..blob.len() {
            let mut blob = blob.to_vec();
            blob[at] ^= 1;
            let changed = PublicKey::from_blob(&blob);
            let certificate = changed.and_then(|changed| HostCertificate::of(&changed).ok()?);
            let Some(certificate) = certificate else { continue };
            // Its signer is looked up in known_hosts.
            let is_good = certificate.authority == good.authority
                && flaw(&certificate, "web", SystemTime::now()).is_none();
            assert!(!is_good, "{authority:?}: byte {at} of {}", blob.len());
        }
    }
}

#[test]
fn what_is_cut_or_goes_on_is_malformed() {
    let good = Shop::usual().sign(&["-h", "-n", "web"]).whole;
    let cut = (40..good.blob().len()).map(|end| good.blob()[..end].to_vec());
    let longer = [good.blob(), b"\0"].concat();
    for blob in cut.chain([longer]) {
        let key = PublicKey::from_blob(&blob).unwrap();
        assert_eq!(HostCertificate::of(&key), Err(Malformed), "{} bytes", blob.len());
    }
}

#[test]
fn a_key_is_no_certificate_and_a_certificate_no_authority() {
    let shop = Shop::usual();
    assert_eq!(HostCertificate::of(&shop.key("host.pub")), Ok(None));
    let good = shop.sign(&["-h", "-n", "web"]);
    let blob = good.whole.blob();
    let authority = good.authority.blob();
    let at = blob.windows(authority.len()).position(|window| window == authority).unwrap();
    let length = u32::try_from(blob.len()).unwrap().to_be_bytes();
    let forged = [&blob[..at - 4], &length, blob, &blob[at + authority.len()..]].concat();
    let forged = PublicKey::from_blob(&forged).unwrap();
    assert_eq!(HostCertificate::of(&forged), Err(Malformed));
}
