//! Copies a storage trace with every chunk hash replaced by another of its length.
//!
//! A chunk hash is a digest of a prompt's tokens. The copy keeps sizes, times and which
//! keys are equal, so that every figure of a summary is the same; whoever has a prompt
//! can't find it in the copy.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::args::{ArgSink, CacheEntry, ObjectKey, Unknown};
use crate::error::TraceError;
use crate::frame::PREFIX;
use crate::header::{Header, Level, MAX_HEADER};
use crate::record::{Head, Record};
use crate::slice::{MAX_FRAME, SliceReader};

/// Why a trace can't be copied in this way.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// It is no trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Cache events hold the prompts' token ids.
    #[error("a trace of cache events holds raw token ids")]
    HoldsTokens,
    /// A frame whose hashes can't be told.
    #[error("byte {0}: a frame that cannot be read may hold what must not leave")]
    Opaque(u64),
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What a copy did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// Hashes replaced.
    pub hashes: u64,
    /// The configuration in the header was rewritten: its digest does not fit any more.
    pub config_changed: bool,
    /// Bytes of a torn tail, written as zeros.
    pub torn_bytes: u64,
}

/// Copies a trace. `salt` decides the new hashes; `config` gives the header's
/// configuration as it may be written.
///
/// ```
/// use lmcache_trace::{Hooks, InfoOptions, seal, summarize};
///
/// let data = lmcache_trace::example_trace();
/// let mut copy = Vec::new();
/// let sealed = seal(&data[..], &mut copy, b"salt", str::to_owned)?;
/// assert!(sealed.hashes > 0 && copy.len() == data.len() && copy != data);
/// let before = summarize(&data[..], &InfoOptions::default(), Hooks::default())?;
/// let after = summarize(&copy[..], &InfoOptions::default(), Hooks::default())?;
/// assert_eq!(before.keys, after.keys);
/// # Ok::<(), lmcache_trace::SealError>(())
/// ```
pub fn seal(
    mut source: impl Read,
    out: &mut impl Write,
    salt: &[u8],
    config: impl FnOnce(&str) -> String,
) -> Result<Sealed, SealError> {
    let mut done = Sealed::default();
    let mut frame = Vec::new();
    let whole = fill(&mut source, &mut frame, MAX_HEADER)?;
    let header = SliceReader::new(&frame)?.header().clone();
    if !whole {
        return Err(TraceError::Empty.into());
    }
    if header.level == Level::Events {
        return Err(SealError::HoldsTokens);
    }
    let told = config(&header.sm_config_json);
    if told == header.sm_config_json {
        out.write_all(&frame)?;
    } else {
        done.config_changed = true;
        let body = frame.get(PREFIX..).unwrap_or_default();
        let body = with_config(body, &told).ok_or(SealError::Opaque(0))?;
        out.write_all(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes())?;
        out.write_all(&body)?;
    }
    records(&mut source, out, salt, &header, &mut done)?;
    Ok(done)
}

fn records(
    source: &mut impl Read,
    out: &mut impl Write,
    salt: &[u8],
    header: &Header,
    done: &mut Sealed,
) -> Result<(), SealError> {
    let mut frame = Vec::new();
    let mut offset = header.frame_bytes;
    loop {
        frame.clear();
        if !fill(source, &mut frame, MAX_FRAME).map_err(|e| at(e, offset))? {
            done.torn_bytes = frame.len() as u64;
            // The length stays, so that the copy is torn in the same place.
            frame.iter_mut().skip(PREFIX).for_each(|b| *b = 0);
            out.write_all(&frame)?;
            return Ok(());
        }
        let places = places(&frame, offset).ok_or(SealError::Opaque(offset))?;
        for (start, length) in places {
            let end = start.saturating_add(length);
            let hash = frame.get_mut(start..end).ok_or(SealError::Opaque(offset))?;
            replace(hash, salt);
            done.hashes += 1;
        }
        out.write_all(&frame)?;
        offset = offset.saturating_add(frame.len() as u64);
    }
}

/// A frame with a length that cannot be is told by its place.
fn at(error: io::Error, offset: u64) -> SealError {
    if error.kind() == io::ErrorKind::InvalidData {
        SealError::Opaque(offset)
    } else {
        SealError::Io(error)
    }
}

/// Reads one frame with its length; false where the source ends before its end.
fn fill(source: &mut impl Read, frame: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    if source.take(PREFIX as u64).read_to_end(frame)? < PREFIX {
        return Ok(false);
    }
    let length: [u8; PREFIX] =
        frame.as_slice().try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let length = u32::from_be_bytes(length);
    if length == 0 || u64::from(length) > most as u64 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(source.take(u64::from(length)).read_to_end(frame)? as u64 == u64::from(length))
}

/// Where the hashes of a record's frame are; nothing where they can't be told.
fn places(frame: &[u8], offset: u64) -> Option<Vec<(usize, usize)>> {
    let body = frame.get(PREFIX..)?;
    let head = Head::decode(body, offset.saturating_add(PREFIX as u64)).ok()?;
    let record = Record::from_head(&head, body, offset, 0);
    let mut sink = Places { frame, found: Vec::new(), opaque: false };
    record.decode(&mut sink).ok()?;
    (!sink.opaque && record.unknown_fields == 0).then_some(sink.found)
}

struct Places<'f> {
    frame: &'f [u8],
    found: Vec<(usize, usize)>,
    opaque: bool,
}

impl<'a> ArgSink<'a> for Places<'_> {
    fn key(&mut self, key: ObjectKey<'a>) {
        // The hash borrows from the frame: the difference is its place.
        let start = (key.chunk_hash.as_ptr() as usize).wrapping_sub(self.frame.as_ptr() as usize);
        let inside = start.checked_add(key.chunk_hash.len()).is_some_and(|e| e <= self.frame.len());
        if inside {
            self.found.push((start, key.chunk_hash.len()));
        } else {
            self.opaque = true;
        }
    }

    fn entry(&mut self, _: CacheEntry<'a>) {
        self.opaque = true;
    }

    fn unknown(&mut self, _: Unknown<'a>) {
        self.opaque = true;
    }
}

/// Fills a hash with another one that only the salt and the old one decide.
fn replace(hash: &mut [u8], salt: &[u8]) {
    let mut block = 0_u32;
    let old = Sha256::new()
        .chain_update((salt.len() as u64).to_be_bytes())
        .chain_update(salt)
        .chain_update(&*hash)
        .finalize();
    for part in hash.chunks_mut(32) {
        let new = Sha256::new().chain_update(old).chain_update(block.to_be_bytes()).finalize();
        part.iter_mut().zip(new).for_each(|(to, from)| *to = from);
        block = block.wrapping_add(1);
    }
}

/// The header's body with another configuration.
fn with_config(body: &[u8], config: &str) -> Option<Vec<u8>> {
    let mut value = rmpv::decode::read_value(&mut &*body).ok()?;
    let rmpv::Value::Map(fields) = &mut value else { return None };
    for (name, field) in fields {
        if name.as_str() == Some("sm_config_json") {
            *field = config.into();
        }
    }
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, &value).ok()?;
    Some(out)
}
