//! One agent in the forms in which it may be wanted; each is made once, when it is first wanted, and shared by all hosts.

use super::gzip;
use flate2::read::GzDecoder;
use std::io::{self, Read};
use std::sync::OnceLock;

pub(crate) use super::gzip::BLOCK;

/// An agent that hep carries, as build.rs writes it down.
#[derive(Debug)]
pub(crate) struct Carried {
    /// As `uname -m` says it.
    pub(crate) machine: &'static str,
    pub(crate) packed: &'static [u8],
    /// Of the padded agent.
    pub(crate) length: usize,
    pub(crate) sha256: &'static str,
}

/// Compressed, or as the host's kernel wants it; both in whole blocks.
#[derive(Debug)]
pub(crate) struct Agent {
    from: From,
    made: OnceLock<Vec<u8>>,
    sha256: OnceLock<String>,
}

#[derive(Debug)]
enum From {
    Carried(&'static Carried),
    Plain(Vec<u8>),
}

impl Agent {
    pub(crate) fn carried(carried: &'static Carried) -> Agent {
        Agent { from: From::Carried(carried), made: OnceLock::new(), sha256: OnceLock::new() }
    }

    pub(crate) fn of(mut plain: Vec<u8>) -> Agent {
        gzip::pad(&mut plain);
        Agent { from: From::Plain(plain), made: OnceLock::new(), sha256: OnceLock::new() }
    }

    /// The program.
    pub(crate) fn plain(&self) -> &[u8] {
        match &self.from {
            From::Plain(plain) => plain,
            From::Carried(carried) => self.make(|| unpack(carried.packed)),
        }
    }

    /// What `gzip -d` makes the program of.
    pub(crate) fn packed(&self) -> &[u8] {
        match &self.from {
            From::Carried(carried) => carried.packed,
            From::Plain(plain) => self.make(|| gzip::pack(plain)),
        }
    }

    /// How many blocks the program has.
    pub(crate) fn blocks(&self) -> usize {
        let length = match &self.from {
            From::Plain(plain) => plain.len(),
            From::Carried(carried) => carried.length,
        };
        length / BLOCK
    }

    /// Of the program, as hex digits.
    pub(crate) fn sha256(&self) -> &str {
        match &self.from {
            From::Carried(carried) => carried.sha256,
            From::Plain(plain) => {
                self.sha256.get_or_init(|| hep_protocol::blob::Digest::of(plain).to_string())
            }
        }
    }

    fn make(&self, make: impl FnOnce() -> io::Result<Vec<u8>>) -> &[u8] {
        let made = || make().expect("memory takes all that is written, and build.rs packed it");
        self.made.get_or_init(made)
    }
}

fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    fn check(plain: &[u8]) {
        let agent = Agent::of(plain.to_vec());
        assert_eq!(agent.packed().len() % BLOCK, 0);
        assert_eq!(agent.plain().len(), agent.blocks() * BLOCK);
        assert!(agent.plain().starts_with(plain));
        assert_eq!(unpack(agent.packed()).unwrap(), agent.plain());
        let mut gzip = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = gzip.stdin.take().unwrap();
        let packed = agent.packed().to_vec();
        let writes = std::thread::spawn(move || input.write_all(&packed).unwrap());
        let output = gzip.wait_with_output().unwrap();
        writes.join().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(output.stdout, agent.plain());
    }

    #[test]
    fn gzip_finds_in_it_what_was_packed() {
        for plain in [&b""[..], b"x", &[7; BLOCK], &[0; 10 << 20]] {
            check(plain);
        }
        // Every length that the field in the header may have.
        let text: Vec<u8> = (0..40_000_u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
        for length in (1..text.len()).step_by(7919) {
            check(&text[..length]);
        }
    }

    #[test]
    fn what_is_cut_is_an_error() {
        let agent = Agent::of(b"an agent".to_vec());
        for length in [0, 5, 11, 100] {
            assert!(unpack(&agent.packed()[..length]).is_err(), "{length}");
        }
    }
}
