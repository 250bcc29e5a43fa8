//! The first bytes of each direction: magic, protocol number, build id.
//!
//! Fixed bytes rather than a frame, so that they can be found after whatever a login shell prints first, and
//! so that a mismatch is known before anything is decoded.

use std::io::{self, Read, Write};

/// Not text in any common encoding, so that no banner contains it.
const MAGIC: [u8; 8] = *b"\xf8hep\x00\xff\r\n";

/// Raised whenever the meaning of a wire type changes.
pub const PROTOCOL: u32 = 9;

/// How much noise before the magic, or before a launcher's first word, is read through, in bytes.
pub const MAX_NOISE: usize = 64 * 1024;

/// The identity of this build: 32 hex digits, equal for a controller and an agent of one source tree.
pub const BUILD_ID: &str = env!("HEP_BUILD_ID");

/// Why a stream did not begin with our hello.
#[derive(Debug)]
pub enum HelloError {
    /// The stream ended, or went on too long, without the magic; what came instead (at most 64 KiB).
    NotHep(Vec<u8>),
    /// The other side is another build of hep.
    OtherBuild {
        /// Its protocol number.
        protocol: u32,
        /// Its build id.
        build: String,
    },
    /// Reading failed.
    Io(io::Error),
}

impl std::fmt::Display for HelloError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotHep(noise) if noise.is_empty() => {
                write!(f, "the stream ended before hep's greeting")
            }
            Self::NotHep(noise) => {
                let text = String::from_utf8_lossy(noise);
                write!(f, "no greeting of hep in the stream, which says: {}", text.trim())
            }
            Self::OtherBuild { protocol, build } => write!(
                f,
                "the other side is another build of hep: {build} (protocol {protocol}), this one is \
                 {BUILD_ID} (protocol {PROTOCOL})"
            ),
            Self::Io(_) => write!(f, "cannot read hep's greeting"),
        }
    }
}

impl std::error::Error for HelloError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::NotHep(_) | Self::OtherBuild { .. } => None,
        }
    }
}

/// Writes this build's greeting.
///
/// # Errors
/// Whatever the writer fails with.
pub fn write(writer: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&PROTOCOL.to_le_bytes());
    bytes.extend_from_slice(BUILD_ID.as_bytes());
    writer.write_all(&bytes)
}

/// Reads through noise up to and including the greeting, one byte past nothing.
///
/// # Errors
/// [`HelloError`] when the stream is not that of an agent or controller of this very build.
pub fn read(reader: &mut (impl Read + ?Sized)) -> Result<(), HelloError> {
    let mut seen = Vec::with_capacity(MAGIC.len());
    // Byte by byte: what follows the greeting belongs to the frames. It is some fifty bytes once per run.
    while !seen.ends_with(&MAGIC) {
        let mut byte = [0];
        match reader.read(&mut byte) {
            Ok(1) if seen.len() < MAX_NOISE => seen.extend_from_slice(&byte),
            Ok(_) => return Err(HelloError::NotHep(seen)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(HelloError::Io(e)),
        }
    }
    let mut protocol = [0; 4];
    reader.read_exact(&mut protocol).map_err(HelloError::Io)?;
    let protocol = u32::from_le_bytes(protocol);
    let mut build = [0; BUILD_ID.len()];
    reader.read_exact(&mut build).map_err(HelloError::Io)?;
    if protocol == PROTOCOL && build == BUILD_ID.as_bytes() {
        Ok(())
    } else {
        let build = build.iter().map(|b| char::from(*b)).filter(char::is_ascii_hexdigit).collect();
        Err(HelloError::OtherBuild { protocol, build })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greeting_is_found_behind_login_noise() {
        let mut stream = b"Welcome to web1!\n\xf8he".to_vec();
        write(&mut stream).unwrap();
        stream.extend_from_slice(b"rest");
        let mut reader = stream.as_slice();
        read(&mut reader).unwrap();
        assert_eq!(reader, b"rest");
    }

    #[test]
    fn every_truncation_is_refused() {
        let mut stream = Vec::new();
        write(&mut stream).unwrap();
        for len in 0..stream.len() {
            assert!(read(&mut &stream[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn another_build_is_named() {
        let mut stream = Vec::new();
        write(&mut stream).unwrap();
        let at = MAGIC.len() + 4;
        stream[at..at + 4].copy_from_slice(b"beef");
        let error = read(&mut stream.as_slice()).unwrap_err();
        assert!(
            matches!(error, HelloError::OtherBuild { ref build, .. } if build.starts_with("beef"))
        );
    }

    #[test]
    fn endless_noise_is_cut_off() {
        assert!(
            matches!(read(&mut io::repeat(b'x')), Err(HelloError::NotHep(seen)) if seen.len() == MAX_NOISE)
        );
    }
}
