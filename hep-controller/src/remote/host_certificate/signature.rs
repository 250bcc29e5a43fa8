//! Signatures of SSH keys, as certificates carry them (RFC 4253, 6.6; RFC 5656, 3.1.2; RFC 8332; RFC 8709), judged by OpenSSL.
//! Whatever cannot be judged is no signature.

use crate::remote::public_key::PublicKey;
use crate::remote::public_key::string;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;

/// The name of an algorithm and what it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    algorithm: String,
    made: Vec<u8>,
}

impl Signature {
    pub(super) fn parse(blob: &[u8]) -> Option<Signature> {
        let (algorithm, rest) = string(blob)?;
        let (made, rest) = string(rest)?;
        let algorithm = String::from_utf8(algorithm.to_vec()).ok()?;
        let signature = Signature { algorithm, made: made.to_vec() };
        // Those of security keys have a flag and a counter there.
        (rest.is_empty() || signature.is_foreign()).then_some(signature)
    }

    /// Whether only `ssh` can judge it: it was made by a security key.
    pub(super) fn is_foreign(&self) -> bool {
        self.algorithm.starts_with("sk-")
    }

    pub(super) fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// Whether `key` signed these bytes. The algorithm must be one of the key's own.
    pub(super) fn is_of(&self, key: &PublicKey, signed: &[u8]) -> bool {
        let Some((_, fields)) = string(key.blob()) else { return false };
        let judged = match (key.kind(), self.algorithm.as_str()) {
            ("ssh-ed25519", "ssh-ed25519") => self.is_ed25519(fields, signed),
            ("ssh-rsa", "rsa-sha2-256") => self.is_rsa(fields, signed, MessageDigest::sha256()),
            ("ssh-rsa", "rsa-sha2-512") => self.is_rsa(fields, signed, MessageDigest::sha512()),
            (kind, algorithm) if kind == algorithm => match Curve::of(kind) {
                Some(curve) => self.is_ecdsa(&curve, fields, signed),
                None => None,
            },
            (_, _) => None,
        };
        matches!(judged, Some(Ok(true)))
    }

    fn is_ed25519(&self, fields: &[u8], signed: &[u8]) -> Judged {
        let (point, rest) = string(fields)?;
        let judge = || {
            let key = PKey::public_key_from_raw_bytes(point, Id::ED25519)?;
            Verifier::new_without_digest(&key)?.verify_oneshot(&self.made, signed)
        };
        rest.is_empty().then(judge)
    }

    /// PKCS1 v1.5, the padding that a [`Verifier`] of an RSA key begins with.
    fn is_rsa(&self, fields: &[u8], signed: &[u8], digest: MessageDigest) -> Judged {
        let (e, rest) = number(fields)?;
        let (n, rest) = number(rest)?;
        let judge = || {
            let key = Rsa::from_public_components(BigNum::from_slice(n)?, BigNum::from_slice(e)?)?;
            // Leading zeros may be left out.
            let missing = (key.size() as usize).saturating_sub(self.made.len());
            let made = [vec![0; missing], self.made.clone()].concat();
            let key = PKey::from_rsa(key)?;
            Verifier::new(digest, &key)?.verify_oneshot(&made, signed)
        };
        rest.is_empty().then(judge)
    }

    fn is_ecdsa(&self, curve: &Curve, fields: &[u8], signed: &[u8]) -> Judged {
        let (name, rest) = string(fields)?;
        let (point, rest) = string(rest)?;
        let (r, more) = number(&self.made)?;
        let (s, more) = number(more)?;
        let judge = || {
            let group = EcGroup::from_curve_name(curve.nid)?;
            let mut context = BigNumContext::new()?;
            let point = EcPoint::from_bytes(&group, point, &mut context)?;
            let key = EcKey::from_public_key(&group, &point)?;
            key.check_key()?;
            let made =
                EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
            made.verify(&hash(curve.digest, signed)?, &key)
        };
        (name == curve.name && rest.is_empty() && more.is_empty()).then(judge)
    }
}

/// None if the bytes are not of the form that they should have.
type Judged = Option<Result<bool, ErrorStack>>;

/// A positive number as SSH writes it (RFC 4251, 5).
fn number(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (number, rest) = string(bytes)?;
    let is_negative = number.first().is_some_and(|first| *first >= 0x80);
    (!is_negative).then_some((number, rest))
}

struct Curve {
    name: &'static [u8],
    nid: Nid,
    digest: MessageDigest,
}

impl Curve {
    fn of(kind: &str) -> Option<Curve> {
        let (name, nid, digest): (&[u8], _, _) = match kind {
            "ecdsa-sha2-nistp256" => (b"nistp256", Nid::X9_62_PRIME256V1, MessageDigest::sha256()),
            "ecdsa-sha2-nistp384" => (b"nistp384", Nid::SECP384R1, MessageDigest::sha384()),
            "ecdsa-sha2-nistp521" => (b"nistp521", Nid::SECP521R1, MessageDigest::sha512()),
            _ => return None,
        };
        Some(Curve { name, nid, digest })
    }
}
