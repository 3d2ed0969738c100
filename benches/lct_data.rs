//! Traces of any size, grown from a small real one. Deterministic: the same shape and
//! size give the same bytes. Never commit the result.
//!
//! Every round repeats the calls of the seed later in time and with other chunk hashes,
//! so that rounds don't look like cache hits of each other.

use std::io::{self, Read, Write};

use lmcache_trace::{Cursor, SliceReader, Step};

/// The shape of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The seed's own records: about 600 bytes, three keys each.
    Short,
    /// Many keys in a record: exponentially distributed, 24 on average, of two models.
    ManyKeys,
}

impl Shape {
    /// The shape of a name: `short` or `many`.
    pub fn named(name: &str) -> Option<Shape> {
        match name {
            "short" => Some(Shape::Short),
            "many" => Some(Shape::ManyKeys),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Short => "short",
            Shape::ManyKeys => "many",
        }
    }
}

/// What was generated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Generated {
    /// Bytes written.
    pub bytes: u64,
    /// Records written.
    pub records: u64,
    /// Keys in them.
    pub keys: u64,
    /// Rounds over the seed, the last one perhaps in part.
    pub rounds: u64,
}

/// The seed: a real storage trace of LMCache 0.5.6, 143 records.
pub fn seed() -> io::Result<Vec<u8>> {
    let packed =
        include_bytes!("../crates/lmcache-trace/tests/data/0.5.6-A-l1-prefix-replay.lct.gz");
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut out)?;
    Ok(out)
}

fn splitmix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A record of the seed and the places in it that change from round to round.
struct Template {
    frame: Vec<u8>,
    t_mono: f64,
    t_wall: f64,
    /// Where the chunk hashes are.
    hashes: Vec<usize>,
    /// Where the list of keys begins and ends.
    keys: (usize, usize),
    /// What the many-keys shape draws its keys from: the same for all calls on one
    /// request's chunks.
    draw: u64,
}

/// Where `t_mono` and `t_wall` are in a frame as LMCache writes it.
const T_MONO: usize = 4 + 21;
const T_WALL: usize = T_MONO + 8 + 8;
const HASH_HEAD: &[u8] = b"\xaachunk_hash\xc4\x20";

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn templates(seed: &[u8]) -> io::Result<Vec<Template>> {
    let mut out = Vec::new();
    let mut reader = SliceReader::new(seed).map_err(|error| bad(&error.to_string()))?;
    loop {
        let start = usize::try_from(reader.offset()).map_err(|_| bad("offset"))?;
        let record = match reader.next() {
            Some(Step::Record(record)) => record,
            Some(Step::Issue(issue)) => return Err(bad(&issue.to_string())),
            None => return Ok(out),
        };
        let end = usize::try_from(reader.offset()).map_err(|_| bad("offset"))?;
        let frame = seed.get(start..end).ok_or_else(|| bad("frame"))?.to_vec();
        let is_usual = frame.get(T_MONO..T_MONO + 8) == Some(&record.t_mono.to_be_bytes())
            && frame.get(T_WALL..T_WALL + 8) == Some(&record.t_wall.to_be_bytes());
        if !is_usual {
            return Err(bad("a record in another form than LMCache writes"));
        }
        let hashes: Vec<usize> = find_all(&frame, HASH_HEAD);
        let first = hashes.first().ok_or_else(|| bad("a record without a key"))?;
        let draw = frame
            .get(*first..first + 8)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        let keys = key_list(&frame).ok_or_else(|| bad("a record without a list of keys"))?;
        out.push(Template {
            t_mono: record.t_mono,
            t_wall: record.t_wall,
            hashes,
            keys,
            draw,
            frame,
        });
    }
}

/// Ends of all occurrences of `needle`.
fn find_all(data: &[u8], needle: &[u8]) -> Vec<usize> {
    data.windows(needle.len())
        .enumerate()
        .filter(|(_, window)| *window == needle)
        .map(|(at, _)| at + needle.len())
        .collect()
}

/// The extent of the list under the first `keys` of a record.
fn key_list(frame: &[u8]) -> Option<(usize, usize)> {
    let begin = *find_all(frame, b"\xa4keys").first()?;
    let mut cursor = Cursor::new(frame.get(begin..)?, 0);
    let len = cursor.skip().ok()?.len();
    Some((begin, begin + len))
}

/// A number of keys: exponential with a mean of 24, at least 1.
fn draw_count(draw: u64) -> u16 {
    // Twelve bits of a uniform number are fine enough, and exact on every machine.
    let uniform = ((draw >> 52) + 1) as f64 / 4097.0;
    let count = (-24.0 * uniform.ln()).ceil().clamp(1.0, 400.0);
    (1..=400_u16).rev().find(|&n| f64::from(n) <= count).unwrap_or(1)
}

/// The keys of one call in the many-keys shape, as a MessagePack list.
fn put_keys(draw: u64, out: &mut Vec<u8>) -> u64 {
    let count = draw_count(draw);
    let model: &[u8] = if draw & 1 == 0 { b"\xaatest-model" } else { b"\xb5another-model-70b-fp8" };
    out.push(0xdc);
    out.extend(count.to_be_bytes());
    for n in 0..u64::from(count) {
        out.extend(b"\x82\xa5__t__\xa9ObjectKey\xa1v\x84");
        out.extend(HASH_HEAD);
        for word in 0..4 {
            out.extend(splitmix(draw ^ (n * 4 + word).wrapping_mul(0x9e37)).to_be_bytes());
        }
        out.extend(b"\xaamodel_name");
        out.extend(model);
        out.extend(b"\xa7kv_rank\xce\x01\x00\x01\x00\xafobject_group_id\x00");
    }
    u64::from(count)
}

/// Writes a trace of at least `bytes` bytes (the last record is whole).
pub fn generate(
    seed: &[u8],
    shape: Shape,
    bytes: u64,
    out: &mut impl Write,
) -> io::Result<Generated> {
    let templates = templates(seed)?;
    let reader = SliceReader::new(seed).map_err(|error| bad(&error.to_string()))?;
    let head = usize::try_from(reader.header().frame_bytes).map_err(|_| bad("header"))?;
    out.write_all(seed.get(..head).ok_or_else(|| bad("header"))?)?;
    let mut done = Generated { bytes: head as u64, ..Generated::default() };
    let first = templates.first().map_or(0.0, |record| record.t_mono);
    let last = templates.last().map_or(0.0, |record| record.t_mono);
    let span = last - first + 0.001;
    let mut frame = Vec::new();
    while done.bytes < bytes && !templates.is_empty() {
        let turn = splitmix(done.rounds);
        let later = done.rounds as f64 * span;
        for record in &templates {
            frame.clear();
            match shape {
                Shape::Short => {
                    frame.extend_from_slice(&record.frame);
                    done.keys += record.hashes.len() as u64;
                    if done.rounds > 0 {
                        for &at in &record.hashes {
                            for (byte, key) in frame.iter_mut().skip(at).zip(turn.to_be_bytes()) {
                                *byte ^= key;
                            }
                        }
                    }
                }
                Shape::ManyKeys => {
                    let (begin, end) = record.keys;
                    frame.extend(record.frame.get(..begin).unwrap_or_default());
                    done.keys += put_keys(splitmix(record.draw ^ turn), &mut frame);
                    frame.extend(record.frame.get(end..).unwrap_or_default());
                    let len = u32::try_from(frame.len() - 4).map_err(|_| bad("length"))?;
                    put(&mut frame, 0, &len.to_be_bytes());
                }
            }
            put(&mut frame, T_MONO, &(record.t_mono + later).to_be_bytes());
            put(&mut frame, T_WALL, &(record.t_wall + later).to_be_bytes());
            out.write_all(&frame)?;
            done.bytes += frame.len() as u64;
            done.records += 1;
            if done.bytes >= bytes {
                break;
            }
        }
        done.rounds += 1;
    }
    out.flush()?;
    Ok(done)
}

fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = frame.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lmcache_trace::{Hooks, InfoOptions, summarize};

    #[test]
    fn the_seed_comes_first_and_rounds_differ() {
        let seed = seed().unwrap();
        let mut data = Vec::new();
        let done = generate(&seed, Shape::Short, 1 << 20, &mut data).unwrap();
        assert_eq!(&data[..seed.len()], &seed[..]);
        assert_eq!(done.bytes, data.len() as u64);
        let one = summarize(&seed[..], &InfoOptions::default(), Hooks::default()).unwrap();
        let all = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
        assert_eq!((all.records, all.keys.references), (done.records, done.keys));
        assert_eq!(all.issues.total() + all.unknown.len() as u64, 0);
        assert!(all.keys.distinct.count > one.keys.distinct.count * (done.rounds - 1));
        assert_eq!(all.clocks.backward_records, 0);
        let mut again = Vec::new();
        generate(&seed, Shape::Short, 1 << 20, &mut again).unwrap();
        assert!(again == data);
    }

    #[test]
    fn many_keys_are_sound_and_pair() {
        let mut data = Vec::new();
        let done = generate(&seed().unwrap(), Shape::ManyKeys, 4 << 20, &mut data).unwrap();
        let all = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
        assert_eq!((all.records, all.keys.references), (done.records, done.keys));
        assert_eq!(all.issues.total() + all.unknown.len() as u64, 0);
        let mean = done.keys as f64 / done.records as f64;
        assert!((mean - 24.5).abs() < 3.0, "{mean}");
        assert_eq!(all.models.len(), 2);
        let writes = all.pairing.unwrap().writes;
        assert!(writes.unclosed_calls <= 1, "{writes:?}");
    }
}
