//! Frames: a length, then one value. The only file that names the codec.
//!
//! A frame is a `u32` length in little-endian order and that many bytes of bincode. A length above
//! [`MAX_FRAME`] is refused before anything is allocated, and bytes that the value does not use are refused too.
//!
//! In a packed frame the length's highest bit is set, and what it counts is a `u32`, the length of the bincode, and that
//! deflated (RFC 1951). Few bytes may stand for very many, so only who reads what a controller sends takes such frames.
#![expect(clippy::disallowed_methods, reason = "this is where frames are made")]

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;
use std::io::{self, Read, Write};

/// The largest frame either side sends or accepts, in bytes: room for a plan of 100,000 tasks.
pub const MAX_FRAME: usize = 64 * 1024 * 1024;

/// In a frame's length: what follows is packed.
const PACKED: u32 = 1 << 31;

const _: () = assert!((MAX_FRAME as u64) < PACKED as u64);

/// No deflated byte stands for more than this: 258 bytes for two bits, and no more than four of those in a byte.
const DENSEST: usize = 258 * 4;

/// How hard to pack, of 10: plans repeat themselves so much that more wins little.
const LEVEL: u8 = 3;

/// What is allocated on the word of a length alone, in bytes. It holds a piece of a content whole.
const ON_TRUST: usize = 128 * 1024;

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
    /// The frame is longer than it may be.
    TooLong {
        /// Its length, in bytes.
        len: u64,
        /// How long it may be, in bytes.
        most: usize,
    },
    /// The bytes are not a value of the expected type.
    Malformed(String),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => write!(f, "the stream broke"),
            Self::TooLong { len, most } => {
                write!(f, "a frame of {len} bytes is longer than the {most} that are allowed")
            }
            Self::Malformed(what) => write!(f, "a frame could not be decoded: {what}"),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::TooLong { .. } | Self::Malformed(_) => None,
        }
    }
}

/// The bytes of one frame, length included.
///
/// # Errors
/// [`FrameError::TooLong`] or [`FrameError::Malformed`].
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::new();
    append(&mut bytes, value)?;
    Ok(bytes)
}

/// Adds a frame to others. On an error nothing is added.
///
/// # Errors
/// [`FrameError::TooLong`] or [`FrameError::Malformed`].
pub fn append(frames: &mut Vec<u8>, value: &impl Serialize) -> Result<(), FrameError> {
    let start = frames.len();
    frames.extend([0; 4]);
    let body = bincode::serde::encode_into_std_write(value, &mut *frames, CODEC)
        .map_err(|error| FrameError::Malformed(error.to_string()))
        .and_then(length_of);
    let len = body.inspect_err(|_| frames.truncate(start))?;
    frames.iter_mut().skip(start).zip(len.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
    Ok(())
}

/// The bytes of one frame, packed if that makes them fewer.
///
/// # Errors
/// [`FrameError::TooLong`] or [`FrameError::Malformed`].
pub fn encode_packed(value: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let plain = encode(value)?;
    let (len, body) = plain.split_at_checked(4).unwrap_or_default();
    let packed = compress_to_vec(body, LEVEL);
    if packed.len() + len.len() >= body.len() {
        return Ok(plain);
    }
    let whole = length_of(packed.len() + len.len())? | PACKED;
    Ok([whole.to_le_bytes().as_slice(), len, &packed].concat())
}

fn length_of(body: usize) -> Result<u32, FrameError> {
    let len = u32::try_from(body).ok().filter(|_| body <= MAX_FRAME);
    len.ok_or(FrameError::TooLong { len: body as u64, most: MAX_FRAME })
}

/// Sends one value; does not flush.
///
/// # Errors
/// [`FrameError`] when the value is too long or the stream fails.
pub fn write(writer: &mut (impl Write + ?Sized), value: &impl Serialize) -> Result<(), FrameError> {
    writer.write_all(&encode(value)?).map_err(FrameError::Io)
}

/// Receives one value, or `None` when the stream ended between two frames. Refuses a packed frame.
///
/// # Errors
/// [`FrameError`] on anything but a whole sound frame.
pub fn read<T: DeserializeOwned>(
    reader: &mut (impl Read + ?Sized),
) -> Result<Option<T>, FrameError> {
    read_at_most(reader, MAX_FRAME)
}

/// The same with a limit below [`MAX_FRAME`], in bytes: nothing of a longer frame is read.
///
/// # Errors
/// [`FrameError`] on anything but a whole sound frame.
pub fn read_at_most<T: DeserializeOwned>(
    reader: &mut (impl Read + ?Sized),
    most: usize,
) -> Result<Option<T>, FrameError> {
    receive(reader, most, |_| Err(FrameError::Malformed("it is packed".to_owned())))
}

/// The same for what a controller sends, where a frame may be packed.
///
/// # Errors
/// [`FrameError`] on anything but a whole sound frame.
pub fn read_packed<T: DeserializeOwned>(
    reader: &mut (impl Read + ?Sized),
) -> Result<Option<T>, FrameError> {
    receive(reader, MAX_FRAME, unpack)
}

fn receive<T: DeserializeOwned>(
    reader: &mut (impl Read + ?Sized),
    most: usize,
    unpack: impl FnOnce(&[u8]) -> Result<Vec<u8>, FrameError>,
) -> Result<Option<T>, FrameError> {
    let mut len = [0; 4];
    if !read_start(reader, &mut len).map_err(FrameError::Io)? {
        return Ok(None);
    }
    let len = u32::from_le_bytes(len);
    let body = read_body(reader, len & !PACKED, most)?;
    let value = if len & PACKED == 0 { decode(&body) } else { decode(&unpack(&body)?) };
    value.map(Some)
}

fn read_body(
    reader: &mut (impl Read + ?Sized),
    len: u32,
    most: usize,
) -> Result<Vec<u8>, FrameError> {
    let size = len as usize;
    if size > most {
        return Err(FrameError::TooLong { len: u64::from(len), most });
    }
    // Beyond that it grows as the bytes come.
    let mut body = Vec::with_capacity(size.min(ON_TRUST));
    reader.take(u64::from(len)).read_to_end(&mut body).map_err(FrameError::Io)?;
    if body.len() < size {
        return Err(FrameError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(body)
}

/// Unpacks the body of a packed frame, which must be exactly as long as it says.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, FrameError> {
    let wrong = || FrameError::Malformed("what is packed in it is damaged".to_owned());
    let (len, packed) = packed.split_first_chunk().ok_or_else(wrong)?;
    let len = u32::from_le_bytes(*len);
    let size = len as usize;
    if size > MAX_FRAME {
        return Err(FrameError::TooLong { len: u64::from(len), most: MAX_FRAME });
    }
    // What these bytes cannot fill is not allocated.
    if size > packed.len().saturating_mul(DENSEST) {
        return Err(wrong());
    }
    let mut body = vec![0; size];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    match decompress(&mut state, packed, &mut body, 0, flags) {
        (TINFLStatus::Done, used, made) if used == packed.len() && made == size => Ok(body),
        _ => Err(wrong()),
    }
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
