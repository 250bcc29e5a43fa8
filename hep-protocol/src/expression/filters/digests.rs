//! Digests of texts, in hex. None of them is a way to keep a password.

use super::Registry;
use super::advise;
use super::encoded::encoding;
use super::kinds::text;
use minijinja::{Error, Value};
use sha2::Digest;
use std::fmt::Write as _;

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter("hash", hash);
    engine.add_filter("checksum", |value: &Value| hash(value, Some("sha1".to_owned())));
}

fn hash(value: &Value, name: Option<String>) -> Result<String, Error> {
    digest(&text(value, "hash")?, &name.unwrap_or_else(|| "sha1".to_owned()))
}

/// The digest of a text by the kind of this name.
pub(super) fn digest(text: &str, name: &str) -> Result<String, Error> {
    digest_of(encoding(text).as_bytes(), name).ok_or_else(|| {
        let hint = "write one of `sha256`, `sha512`, `sha384`, `sha224`, `sha1`, `md5`";
        advise(format!("`hash` has no `{name}`"), hint)
    })
}

/// The digest of bytes by the kind of this name, in hex; `None` if there is no such kind.
#[must_use]
pub fn digest_of(bytes: &[u8], name: &str) -> Option<String> {
    Some(match name {
        "sha1" => hex(&sha1::Sha1::digest(bytes)),
        "sha224" => hex(&sha2::Sha224::digest(bytes)),
        "sha256" => hex(&sha2::Sha256::digest(bytes)),
        "sha384" => hex(&sha2::Sha384::digest(bytes)),
        "sha512" => hex(&sha2::Sha512::digest(bytes)),
        "md5" => hex(&md5::Md5::digest(bytes)),
        _ => return None,
    })
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(digest.len().saturating_mul(2)), |mut hex, byte| {
        // Writing to a string does not fail.
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}
