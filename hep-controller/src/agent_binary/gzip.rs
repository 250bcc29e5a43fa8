//! An agent as it crosses a line: compressed (gzip, RFC 1952) and, by a field in its header that every reader skips, as long
//! as whole blocks are, since that is what a host's shell takes. build.rs uses this file too; it touches nothing.

use flate2::{Compression, Crc, write::DeflateEncoder};
use std::io::{self, Write};

/// How many bytes the shell takes at once.
pub(crate) const BLOCK: usize = 4096;

/// Magic, deflate, "extra field", no time, "slowest", Unix.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 2, 3];

/// Head, the extra field's length, checksum and length.
const AROUND: usize = HEAD.len() + 2 + 8;

/// What is larger is no agent to ship but one of development, full of symbols; it is to be there soon.
const LARGE: usize = 8 << 20;

/// Fills an agent up with zeros, which no loader minds, to whole blocks.
pub(crate) fn pad(agent: &mut Vec<u8>) {
    agent.resize(agent.len().next_multiple_of(BLOCK), 0);
}

/// Compresses. Whole blocks come out.
pub(crate) fn pack(agent: &[u8]) -> io::Result<Vec<u8>> {
    let level = if agent.len() > LARGE { Compression::fast() } else { Compression::best() };
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(agent)?;
    let body = encoder.finish()?;
    let mut sum = Crc::new();
    sum.update(agent);
    let length = body.len() + AROUND;
    // Less than a block, so it fits into the field's two bytes.
    let extra = length.next_multiple_of(BLOCK) - length;
    let field = u16::try_from(extra).map_err(io::Error::other)?;
    let mut packed = Vec::with_capacity(length + extra);
    packed.extend_from_slice(&HEAD);
    packed.extend_from_slice(&field.to_le_bytes());
    packed.resize(packed.len() + extra, 0);
    packed.extend_from_slice(&body);
    packed.extend_from_slice(&sum.sum().to_le_bytes());
    packed.extend_from_slice(&sum.amount().to_le_bytes());
    Ok(packed)
}
