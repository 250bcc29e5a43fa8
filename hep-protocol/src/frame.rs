//! Frames: a length, then one value. The only file that names the codec.
//!
//! A frame is a `u32` length in little-endian order and that many bytes of bincode. A length above
//! [`MAX_FRAME`] is refused before anything is allocated, and bytes that the value does not use are refused too.

use serde::{Serialize, de::DeserializeOwned};
use std::fmt;
use std::io::{self, Read, Write};

/// The largest frame either side sends or accepts, in bytes: room for a plan of 100,000 tasks.
pub const MAX_FRAME: usize = 64 * 1024 * 1024;

const CODEC: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<MAX_FRAME>,
> = bincode::config::standard().with_limit::<MAX_FRAME>();

/// Why a frame could not be sent or received.
#[derive(Debug)]
pub enum FrameError {
    /// The stream failed, or ended inside a frame.
    Io(io::Error),
    /// The frame is longer than [`MAX_FRAME`]; its length in bytes.
    TooLong(u64),
    /// The bytes are not a value of the expected type.
    Malformed(String),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => write!(f, "the stream broke"),
            Self::TooLong(len) => {
                write!(f, "a frame of {len} bytes is longer than the {MAX_FRAME} that are allowed")
            }
            Self::Malformed(what) => write!(f, "a frame could not be decoded: {what}"),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::TooLong(_) | Self::Malformed(_) => None,
        }
    }
}

/// The bytes of one frame, length included.
///
/// # Errors
/// [`FrameError::TooLong`] or [`FrameError::Malformed`].
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    let body = bincode::serde::encode_into_std_write(value, &mut bytes, CODEC)
        .map_err(|e| FrameError::Malformed(e.to_string()))?;
    let len = u32::try_from(body).ok().filter(|_| body <= MAX_FRAME);
    let len = len.ok_or(FrameError::TooLong(body as u64))?;
    bytes.iter_mut().zip(len.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
    Ok(bytes)
}

/// Sends one value; does not flush.
///
/// # Errors
/// [`FrameError`] when the value is too long or the stream fails.
pub fn write(writer: &mut (impl Write + ?Sized), value: &impl Serialize) -> Result<(), FrameError> {
    writer.write_all(&encode(value)?).map_err(FrameError::Io)
}

/// Receives one value, or `None` when the stream ended between two frames.
///
/// # Errors
/// [`FrameError`] on anything but a whole sound frame.
pub fn read<T: DeserializeOwned>(
    reader: &mut (impl Read + ?Sized),
) -> Result<Option<T>, FrameError> {
    let mut len = [0; 4];
    if !read_start(reader, &mut len).map_err(FrameError::Io)? {
        return Ok(None);
    }
    let len = u32::from_le_bytes(len);
    if len as usize > MAX_FRAME {
        return Err(FrameError::TooLong(u64::from(len)));
    }
    // Grows as the bytes come: a length alone never makes us allocate.
    let mut body = Vec::new();
    reader.take(u64::from(len)).read_to_end(&mut body).map_err(FrameError::Io)?;
    if body.len() < len as usize {
        return Err(FrameError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    decode(&body).map(Some)
}

/// Decodes the body of a frame.
fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    let (value, used) = bincode::serde::decode_from_slice(body, CODEC)
        .map_err(|e| FrameError::Malformed(e.to_string()))?;
    if used == body.len() {
        Ok(value)
    } else {
        Err(FrameError::Malformed(format!("{} bytes too many", body.len() - used)))
    }
}

/// Fills `buffer`; false when the stream ended before its first byte.
fn read_start(reader: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(true)
}
