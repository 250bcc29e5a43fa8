//! Certificates that the agent does not have, of keys that it has: shown among its keys, and signed for with the key. Words
//! only (draft-miller-ssh-agent, 3.5 and 3.6); reads and writes nothing.

use super::ANSWER;
use crate::remote::public_key::PublicKey;
use crate::remote::public_key::string;

/// SSH_AGENTC_SIGN_REQUEST.
const SIGN: u8 = 13;

/// SSH_AGENT_RSA_SHA2_256 and SSH_AGENT_RSA_SHA2_512, by the algorithms that want them.
const FLAGS: [(&[u8], u32); 2] =
    [(b"rsa-sha2-256-cert-v01@openssh.com", 2), (b"rsa-sha2-512-cert-v01@openssh.com", 4)];

/// A certificate, and the key that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::remote) struct Lent {
    pub(in crate::remote) certificate: PublicKey,
    pub(in crate::remote) key: PublicKey,
    pub(in crate::remote) comment: String,
}

/// The agent's list of keys with the certificates after.
pub(super) fn answer(answer: Vec<u8>, certificates: &[Lent]) -> Vec<u8> {
    let count = answer.split_first_chunk::<5>().and_then(|(head, _)| {
        let [kind, count @ ..] = *head;
        let more = u32::try_from(certificates.len()).ok()?;
        (kind == ANSWER).then(|| u32::from_be_bytes(count).checked_add(more))?
    });
    let (Some(count), Some(rest)) = (count, answer.get(5..)) else { return answer };
    let mut all = vec![ANSWER];
    all.extend(count.to_be_bytes());
    all.extend(rest);
    for Lent { certificate, comment, .. } in certificates {
        put(&mut all, certificate.blob());
        put(&mut all, comment.as_bytes());
    }
    all
}

/// What to ask of the agent in place of a signature with a certificate; None if that is fine as it is. libssh2 tells agents
/// nothing of the hash that an RSA certificate wants, but what is to be signed does.
pub(super) fn request(asked: &[u8], certificates: &[Lent]) -> Option<Vec<u8>> {
    let (kind, rest) = asked.split_first()?;
    let (blob, rest) = string(rest).filter(|_| *kind == SIGN)?;
    let (data, flags) = string(rest)?;
    let flags = u32::from_be_bytes(flags.try_into().ok()?);
    let lent = certificates.iter().find(|lent| lent.certificate.blob() == blob);
    let wanted = algorithm(data)
        .and_then(|algorithm| FLAGS.iter().find(|(name, _)| *name == algorithm))
        .map_or(flags, |(_, wanted)| *wanted);
    let mut request = vec![SIGN];
    put(&mut request, lent.map_or(blob, |lent| lent.key.blob()));
    put(&mut request, data);
    request.extend(wanted.to_be_bytes());
    Some(request)
}

/// What a login is signed by (RFC 4252, 7): session, 50, user, service, `publickey`, 1, algorithm, key.
fn algorithm(data: &[u8]) -> Option<&[u8]> {
    let (_session, rest) = string(data)?;
    let (_user, rest) = string(rest.get(1..)?)?;
    let (_service, rest) = string(rest)?;
    let (_method, rest) = string(rest)?;
    string(rest.get(1..)?).map(|(algorithm, _)| algorithm)
}

fn put(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(kind: &str) -> PublicKey {
        let mut blob = Vec::new();
        put(&mut blob, kind.as_bytes());
        PublicKey::from_blob(&blob).unwrap()
    }

    fn lent() -> [Lent; 1] {
        let certificate = public("ssh-rsa-cert-v01@openssh.com");
        [Lent { certificate, key: public("ssh-rsa"), comment: "file".to_owned() }]
    }

    fn sign(key: &PublicKey, algorithm: &str, flags: u32) -> Vec<u8> {
        let mut data = Vec::new();
        put(&mut data, b"session");
        data.push(50);
        for word in ["root", "ssh-connection", "publickey"] {
            put(&mut data, word.as_bytes());
        }
        data.push(1);
        put(&mut data, algorithm.as_bytes());
        let mut request = vec![SIGN];
        put(&mut request, key.blob());
        put(&mut request, &data);
        request.extend(flags.to_be_bytes());
        request
    }

    #[test]
    fn a_certificate_is_shown_behind_the_agents_own_keys() {
        let shown = super::super::parse(&answer(vec![ANSWER, 0, 0, 0, 0], &lent())).unwrap();
        assert_eq!(shown[0].public, lent()[0].certificate);
        assert_eq!(shown[0].comment, "file");
        // A refusal stays one.
        assert_eq!(answer(vec![5], &lent()), [5]);
    }

    #[test]
    fn the_key_signs_for_its_certificate_with_the_hash_that_is_wanted() {
        let [Lent { certificate, key, .. }] = lent();
        let algorithm = "rsa-sha2-512-cert-v01@openssh.com";
        let asked = |key: &PublicKey| sign(key, algorithm, 0);
        assert_eq!(request(&asked(&certificate), &lent()), Some(sign(&key, algorithm, 4)));
        assert_eq!(request(&asked(&certificate), &[]), Some(sign(&certificate, algorithm, 4)));
        let plain = sign(&key, "rsa-sha2-256", 2);
        assert_eq!(request(&plain, &lent()), Some(plain.clone()));
        assert_eq!(request(&[11], &lent()), None);
    }
}
