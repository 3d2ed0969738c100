//! Damaged and hostile files: no panic, bounded memory, a located issue each, and
//! everything before the fault is kept.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{Error, ErrorKind, Read};

use common::{frame, header, header_value, key, keys, map, pack, qualname, record, sound, tagged};
use lmcache_trace::{
    DecodeErrorKind, EndKind, Foreign, Hooks, InfoOptions, Issue, IssueKind, ReadOptions,
    SliceReader, Step, StreamReader, TraceError, TraceSummary, ValueError, check, summarize,
};
use rmpv::Value;

fn issues(data: &[u8]) -> (u64, Vec<Issue>) {
    let mut records = 0;
    let mut issues = Vec::new();
    for step in SliceReader::new(data).unwrap() {
        match step {
            Step::Record(_) => records += 1,
            Step::Issue(issue) => issues.push(issue),
        }
    }
    let mut reader = StreamReader::new(data).unwrap();
    let mut streamed = Vec::new();
    while let Some(step) = reader.next_step() {
        if let Step::Issue(issue) = step {
            streamed.push(issue);
        }
    }
    assert_eq!(streamed, issues);
    assert_eq!(reader.records(), records);
    (records, issues)
}

fn summary(data: &[u8]) -> TraceSummary {
    summarize(data, &InfoOptions::default(), Hooks::default()).unwrap()
}

/// Issues of a summary as code and offset.
fn found(data: &[u8]) -> Vec<(String, u64)> {
    summary(data).issues.first.into_iter().map(|issue| (issue.code, issue.offset)).collect()
}

fn args_with(value: Vec<u8>) -> Vec<u8> {
    // A record whose one argument is these raw bytes.
    let mut body = common::record_body(1.0, &qualname("finish_write"), Value::Nil);
    body.pop();
    body.extend(b"\x81\xa4keys");
    body.extend(value);
    frame(&body)
}

fn file(frames: &[Vec<u8>]) -> (Vec<u8>, Vec<u64>) {
    let mut data = header();
    let mut offsets = Vec::new();
    for bytes in frames {
        offsets.push(data.len() as u64);
        data.extend(bytes);
    }
    (data, offsets)
}

#[test]
fn nested_arrays() {
    let mut deep = vec![0x91; 100_000];
    deep.push(0xc0);
    let (data, at) = file(&[sound(0.0), args_with(deep.clone()), sound(2.0)]);
    assert_eq!(found(&data), [("malformed_args".to_owned(), at[1])]);
    assert_eq!(summary(&data).records, 3);
    // As a whole frame.
    let (data, at) = file(&[sound(0.0), frame(&deep), sound(2.0)]);
    assert_eq!(found(&data), [("malformed_frame".to_owned(), at[1])]);
    assert_eq!(summary(&data).records, 2);
}

#[test]
fn a_length_of_four_gigabytes() {
    let mut lie = vec![0xff, 0xff, 0xff, 0xff];
    lie.extend([0x85; 40]);
    let (data, at) = file(&[sound(0.0), lie.clone(), sound(2.0), sound(3.0)]);
    let (records, found) = issues(&data);
    assert_eq!(records, 3);
    assert_eq!(found[0].offset, at[1]);
    assert!(matches!(found[0].kind, IssueKind::OverlongFrame { len: 0xffff_ffff, .. }));
    assert_eq!(found[1].kind, IssueKind::Resynchronised { at: at[2], skipped: lie.len() as u64 });
    assert_eq!(found.len(), 2);
    // Nothing comes after it.
    let (data, at) = file(&[sound(0.0), lie]);
    let (records, found) = issues(&data);
    assert_eq!((records, found.len(), found[1].offset), (1, 2, at[1]));
    assert_eq!(found[1].kind, IssueKind::NotResynchronised { bytes: 44 });
    assert_eq!(summary(&data).end.kind, EndKind::Unreadable);
}

#[test]
fn a_megabyte_of_nils() {
    let mut nils = vec![0xdd, 0, 0x10, 0, 0];
    nils.extend(vec![0xc0; 1 << 20]);
    let (data, at) = file(&[args_with(nils.clone()), sound(1.0)]);
    let summary = summary(&data);
    // Not keys: an unknown shape each, none of them kept.
    assert_eq!(summary.unknown.len(), 1);
    assert_eq!(summary.unknown[0].count, 1 << 20);
    assert!(summary.unknown[0].first_offset > at[0]);
    assert_eq!((summary.records, summary.keys.references), (2, 2));
    // A tree of it would take forty times its size.
    let Some(Step::Record(record)) = SliceReader::new(&data).unwrap().next() else { panic!() };
    assert!(matches!(record.args_value(), Err(ValueError::TooLong { .. })));
    // As a whole frame.
    let (data, at) = file(&[frame(&nils), sound(1.0)]);
    assert_eq!(found(&data), [("malformed_frame".to_owned(), at[0])]);
}

#[test]
fn a_qualname_that_is_not_utf8() {
    let mut body = common::record_body(1.0, "xx", map(&[]));
    let place = body.windows(2).position(|w| w == b"xx").unwrap();
    body[place..place + 2].copy_from_slice(&[0xff, 0xfe]);
    let (data, at) = file(&[sound(0.0), frame(&body), sound(2.0)]);
    let (records, found) = issues(&data);
    assert_eq!((records, found.len(), found[0].offset), (2, 1, at[1]));
    let IssueKind::MalformedFrame(error) = found[0].kind else { panic!("{found:?}") };
    assert_eq!(error.kind, DecodeErrorKind::InvalidUtf8);
    assert_eq!(error.offset, at[1] + 4 + place as u64 - 1);
}

#[test]
fn duplicate_map_keys() {
    // In the record's head.
    let body = pack(&Value::Map(
        [("type", "record".into()), ("t_mono", Value::from(1.0)), ("t_mono", 2.0.into())]
            .into_iter()
            .chain([("t_wall", 1.0.into()), ("qualname", "q".into()), ("args", map(&[]))])
            .map(|(k, v)| (Value::from(k), v))
            .collect(),
    ));
    let (data, at) = file(&[frame(&body), sound(2.0)]);
    let (_, found_issues) = issues(&data);
    let IssueKind::MalformedFrame(error) = found_issues[0].kind else { panic!() };
    assert_eq!(error.kind, DecodeErrorKind::DuplicateKey("t_mono"));
    // In the arguments, and within a key.
    let twice = record(1.0, "finish_write", map(&[("keys", keys(0..1)), ("keys", keys(1..2))]));
    let mut pairs = vec![("chunk_hash", Value::Binary(vec![1; 32]))];
    pairs.extend([("model_name", "m".into()), ("kv_rank", 0.into()), ("kv_rank", 1.into())]);
    let bad = record(
        1.0,
        "finish_write",
        map(&[("keys", Value::Array(vec![tagged("ObjectKey", map(&pairs))]))]),
    );
    let (data, at2) = file(&[twice, bad, sound(2.0)]);
    let want = [("malformed_args".to_owned(), at2[0]), ("malformed_args".to_owned(), at2[1])];
    assert_eq!(found(&data), want);
    assert_eq!(at[0], at2[0]);
}

#[test]
fn extension_types() {
    let ext = Value::Ext(7, vec![1, 2, 3]);
    let known = record(1.0, "finish_write", map(&[("keys", ext.clone())]));
    let within =
        record(1.0, "finish_write", map(&[("keys", Value::Array(vec![ext.clone(), key(1)]))]));
    let unknown = record(1.0, "finish_write", map(&[("keys", keys(0..1)), ("new", ext)]));
    let (data, at) = file(&[known, within, unknown]);
    let summary = summary(&data);
    assert_eq!(summary.issues.total(), 0);
    assert_eq!(summary.keys.references, 2);
    let rows: Vec<(&str, &str, u64)> =
        summary.unknown.iter().map(|r| (r.kind.as_str(), r.name.as_str(), r.count)).collect();
    assert_eq!(rows, [("argument", "new", 1), ("type", "keys", 2)]);
    assert!(summary.unknown[0].first_offset > at[2]);
    // A frame that is an extension value.
    let (data, at) = file(&[frame(&[0xd4, 1, 2]), sound(1.0)]);
    assert_eq!(found(&data), [("malformed_frame".to_owned(), at[0])]);
}

#[test]
fn times_that_are_no_numbers() {
    let (data, at) = file(&[
        record(f64::NAN, "finish_write", map(&[("keys", keys(0..1))])),
        record(f64::INFINITY, "finish_write", map(&[("keys", keys(0..1))])),
        record(1e300, "finish_write", map(&[("keys", keys(0..1))])),
        record(-5.0, "finish_write", map(&[("keys", keys(0..1))])),
    ]);
    let summary = summary(&data);
    let places: Vec<u64> = summary.issues.first.iter().map(|issue| issue.offset).collect();
    assert_eq!(places, at[..2]);
    assert_eq!(summary.records, 4);
    assert_eq!(summary.clocks.max_mono_s, Some(1e300));
    assert_eq!(summary.rate.before_start, 1);
    assert_eq!(summary.clocks.backward_records, 1);
    // JSON has no NaN.
    assert!(serde_json::to_string(&summary).unwrap().contains("\"t_mono\":null"));
}

#[test]
fn zero_lengths() {
    let (data, at) = file(&[sound(0.0), vec![0; 4], sound(1.0)]);
    assert_eq!(issues(&data).0, 2);
    assert_eq!(found(&data), [("zero_length".to_owned(), at[1])]);
    // A tail of zeros, as some file systems leave after a crash.
    let (data, at) = file(&[sound(0.0), vec![0; 4096]]);
    let (records, found) = issues(&data);
    assert_eq!(records, 1);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].kind, found[0].offset), (IssueKind::ZeroLength, at[1]));
    assert_eq!(found[1].kind, IssueKind::NotResynchronised { bytes: 4096 });
}

#[test]
fn a_bad_frame_in_the_middle() {
    let junk = frame(&[0x5a; 100]);
    let (data, at) = file(&[sound(0.0), junk, sound(1.0), sound(2.0)]);
    assert_eq!(issues(&data).0, 3);
    assert_eq!(found(&data), [("malformed_frame".to_owned(), at[1])]);
    // A length that was altered: too short, too long, past the end.
    for delta in [-3_i64, 5, 90_000] {
        let mut bent = sound(1.0);
        let len = i64::from(u32::from_be_bytes(bent[..4].try_into().unwrap())) + delta;
        bent[..4].copy_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
        let (data, at) = file(&[sound(0.0), bent, sound(2.0), sound(3.0)]);
        let (records, found) = issues(&data);
        assert_eq!(records, 3, "{delta}: {found:?}");
        assert_eq!((found.len(), found[0].offset), (2, at[1]), "{delta}: {found:?}");
        assert!(
            matches!(found[1].kind, IssueKind::Resynchronised { at: place, .. } if place == at[2]),
            "{delta}: {found:?}"
        );
    }
}

#[test]
fn torn_tails() {
    let (data, at) = file(&[sound(0.0), sound(1.0)]);
    let last = usize::try_from(at[1]).unwrap();
    for end in last + 1..data.len() {
        let (records, found) = issues(&data[..end]);
        assert_eq!((records, found.len(), found[0].offset), (1, 1, at[1]));
        assert!(found[0].kind.is_torn_tail(), "{:?}", found[0]);
    }
    assert_eq!(issues(&data[..last]), (1, vec![]));
    let have = 10;
    let IssueKind::TornBody { have: got, want } = issues(&data[..last + 4 + have]).1[0].kind else {
        panic!()
    };
    assert_eq!((got, want), (10, (data.len() - last - 4) as u64));
}

#[test]
fn files_that_are_no_traces() {
    let not = |data: &[u8]| SliceReader::new(data).unwrap_err();
    assert_eq!(not(b""), TraceError::Empty);
    assert_eq!(not(b"{\"a\": 1}"), TraceError::NotATrace(Foreign::Text));
    assert_eq!(not(b"\x1f\x8b\x08\0\0\0\0\0"), TraceError::NotATrace(Foreign::Gzip));
    assert_eq!(not(&sound(0.0)), TraceError::NotATrace(Foreign::HeaderMissing));
    assert_eq!(not(&[0; 100]), TraceError::NotATrace(Foreign::Unknown));
    assert_eq!(not(&[0, 0, 0, 5]), TraceError::TornHeader { have: 0, want: 5 });
    let whole = header();
    for end in 5..whole.len() {
        let want = (whole.len() - 4) as u64;
        assert_eq!(not(&whole[..end]), TraceError::TornHeader { have: end as u64 - 4, want });
    }
    let mut pairs = header_value();
    pairs[1].1 = Value::Binary(b"XXXX".to_vec());
    assert_eq!(not(&frame(&pack(&map(&pairs)))), TraceError::NotATrace(Foreign::Magic));
    let mut pairs = header_value();
    pairs.remove(3);
    assert!(matches!(not(&frame(&pack(&map(&pairs)))), TraceError::MalformedHeader(_)));
    let mut long = 0x7fff_ffff_u32.to_be_bytes().to_vec();
    long.extend(&whole[4..]);
    assert!(matches!(not(&long), TraceError::OverlongHeader { .. }));
    for data in [&b""[..], b"{}", &sound(0.0), &[0; 100], &whole[..40], &long] {
        assert_eq!(StreamReader::new(data).unwrap_err(), not(data));
    }
}

#[test]
fn unknown_versions() {
    let mut pairs = header_value();
    pairs[2].1 = 2.into();
    pairs[3].1 = "mq".into();
    pairs.push(("new_field", Value::Nil));
    let mut data = frame(&pack(&map(&pairs)));
    data.extend(sound(0.0));
    assert_eq!(SliceReader::new(&data).unwrap_err(), TraceError::UnknownVersion { found: 2 });
    let forced = ReadOptions::default().forced(true);
    let mut reader = SliceReader::with_options(&data, forced).unwrap();
    assert_eq!(reader.header().level.as_str(), "mq");
    assert_eq!(reader.header().unknown_fields, ["new_field"]);
    assert!(matches!(reader.next(), Some(Step::Record(_))));
}

#[test]
fn unknown_names_are_kept_and_counted() {
    let (data, _) = file(&[
        frame(&common::record_body(0.0, "lmcache.v2.Thing.store", map(&[("a", 1.into())]))),
        record(1.0, "finish_write", map(&[("keys", tagged("OtherKeys", Value::Nil))])),
        record(2.0, "submit_prefetch_task", map(&[("spec", tagged("NewSpec", Value::Nil))])),
        record(3.0, "reserve_write", map(&[("keys", keys(0..2)), ("ttl", 1.into())])),
    ]);
    let summary = summary(&data);
    assert_eq!(summary.records, 4);
    assert_eq!(summary.issues.total(), 0);
    let names: Vec<String> =
        summary.unknown.iter().map(|row| format!("{} {}", row.kind, row.name)).collect();
    let want = ["qualname lmcache.v2.Thing.store", "argument ttl", "tag NewSpec", "tag OtherKeys"];
    assert_eq!(names, want);
    let other = summary.ops.iter().find(|op| !op.known).unwrap();
    assert_eq!((other.short.as_str(), other.count), ("store", 1));
    assert!(check(&summary).iter().any(|o| o.code == "unknown_shape"));
}

#[test]
fn many_different_names_stay_bounded() {
    let frames: Vec<Vec<u8>> = (0..500)
        .map(|n| frame(&common::record_body(0.0, &format!("name.{n}"), map(&[]))))
        .collect();
    let (data, _) = file(&frames);
    let summary = summary(&data);
    assert_eq!(summary.records, 500);
    assert!(summary.ops.len() <= 65);
    assert_eq!(summary.ops.iter().map(|op| op.count).sum::<u64>(), 500);
    assert!(summary.unknown.len() <= 65);
    assert_eq!(summary.unknown.iter().map(|row| row.count).sum::<u64>(), 500);
}

/// Gives its bytes in small pieces, interrupted, and then an error or the end.
struct Bumpy<'a> {
    data: &'a [u8],
    turn: usize,
    error: Option<ErrorKind>,
}

impl Read for Bumpy<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(3) {
            return Err(Error::from(ErrorKind::Interrupted));
        }
        let n = (self.turn % 7 + 1).min(self.data.len()).min(buf.len());
        if n == 0
            && let Some(kind) = self.error
        {
            return Err(Error::from(kind));
        }
        let (head, tail) = self.data.split_at(n);
        buf[..n].copy_from_slice(head);
        self.data = tail;
        Ok(n)
    }
}

#[test]
fn a_pipe_that_gives_little_at_a_time_and_breaks() {
    let (data, _) = file(&[sound(0.0), sound(1.0)]);
    let bumpy = Bumpy { data: &data, turn: 0, error: None };
    let whole = summarize(bumpy, &InfoOptions::default(), Hooks::default()).unwrap();
    assert_eq!((whole.records, whole.issues.total()), (2, 0));
    let bumpy =
        Bumpy { data: &data[..data.len() - 5], turn: 0, error: Some(ErrorKind::BrokenPipe) };
    let broken = summarize(bumpy, &InfoOptions::default(), Hooks::default()).unwrap();
    assert_eq!(broken.records, 1);
    assert_eq!(broken.issues.first[0].code, "read_error");
    assert_eq!(broken.end.kind, EndKind::ReadError);
    let bumpy = Bumpy { data: &data[..20], turn: 0, error: Some(ErrorKind::BrokenPipe) };
    let failed = summarize(bumpy, &InfoOptions::default(), Hooks::default());
    assert!(matches!(failed, Err(TraceError::Read { kind: ErrorKind::BrokenPipe, .. })));
}

#[test]
fn a_file_that_grows() {
    // The size is taken when the file is opened; by the time of reading there is more,
    // and the last frame is half written.
    let (data, at) = file(&[sound(0.0), sound(1.0), sound(2.0)]);
    let now = &data[..data.len() - 7];
    let options = InfoOptions::default().with_expected_bytes(Some(at[1]));
    let summary = summarize(now, &options, Hooks::default()).unwrap();
    assert_eq!(summary.records, 2);
    let found: Vec<(&str, u64)> =
        summary.issues.first.iter().map(|i| (i.code.as_str(), i.offset)).collect();
    assert_eq!(found, [("torn_body", at[2]), ("grew", at[1])]);
    // A file that is being written has no defect because of its end.
    assert!(
        lmcache_trace::check(&summary)
            .iter()
            .all(|o| o.code != "torn_body" || o.grade == lmcache_trace::Grade::Note)
    );
}

#[test]
fn cancelling_keeps_what_was_read() {
    let frames: Vec<Vec<u8>> = (0..30_000).map(|n| sound(f64::from(n))).collect();
    let (data, _) = file(&frames);
    assert!(data.len() > 8 << 20);
    let flag = std::sync::atomic::AtomicBool::new(false);
    let mut calls = 0;
    let mut progress = |_: lmcache_trace::Progress| {
        calls += 1;
        flag.store(calls == 2, std::sync::atomic::Ordering::Relaxed);
    };
    let hooks = Hooks::default().with_cancel(&flag).with_progress(&mut progress);
    let summary = summarize(&data[..], &InfoOptions::default(), hooks).unwrap();
    assert!(summary.partial);
    assert_eq!(summary.end.kind, EndKind::Stopped);
    assert!(summary.records > 10_000 && summary.records < 30_000);
}

#[test]
fn memory_is_the_largest_frame_and_not_what_a_length_claims() {
    let mut claim = 0x03ff_ffff_u32.to_be_bytes().to_vec();
    claim.extend([0x85; 1000]);
    let (data, _) = file(&[sound(0.0), claim]);
    let mut reader = StreamReader::new(&data[..]).unwrap();
    while reader.next_step().is_some() {}
    assert!(reader.buffer_bytes() <= 512 << 10, "{}", reader.buffer_bytes());
}

#[test]
fn looking_for_sound_frames_is_bounded() {
    // Starts of records at every turn, each claiming a megabyte.
    let mut trap = vec![0xff; 4];
    for _ in 0..40_000 {
        trap.extend(0x000f_ffff_u32.to_be_bytes());
        trap.extend(b"\x85\xa4type\xa6record");
    }
    let (data, at) = file(&[sound(0.0), trap]);
    let (records, found) = issues(&data);
    assert_eq!(records, 1);
    assert_eq!(found[0].offset, at[1]);
}

#[test]
fn a_torn_end_keeps_its_place_behind_many_faults() {
    // More malformed calls than are kept in full, one frame that is no record, a torn end.
    let mut frames: Vec<Vec<u8>> = (0..100).map(|_| args_with(vec![0xc1])).collect();
    frames.extend([sound(1.0), frame(b"\xc1"), sound(2.0), sound(3.0)]);
    let (mut data, at) = file(&frames);
    data.truncate(data.len() - 3);
    let summary = summary(&data);
    let last = at[103];
    let first = &summary.issues.first;
    assert_eq!(first.len(), lmcache_trace::IssueLog::KEPT + 2);
    assert_eq!(first.last().map(|i| (i.code.as_str(), i.offset)), Some(("torn_body", last)));
    assert_eq!(summary.issues.count("malformed_args"), 100);
    let firsts: Vec<(&str, u64)> =
        summary.issues.firsts().map(|i| (i.code.as_str(), i.offset)).collect();
    assert_eq!(
        firsts,
        [("malformed_args", at[0]), ("malformed_frame", at[101]), ("torn_body", last)]
    );
    for told in check(&summary).iter().filter(|told| summary.issues.count(&told.code) > 0) {
        assert!(!told.message.is_empty(), "{}", told.code);
        assert!(told.offset.is_some(), "{}", told.code);
    }
    assert_eq!((summary.end.kind, summary.end.offset), (EndKind::Torn, Some(last)));
    assert_eq!(summary.end.issue.as_ref(), first.last());
}

#[test]
fn a_hole_is_told_although_the_end_is_whole() {
    let (data, at) = file(&[sound(0.0), sound(1.0), sound(2.0)]);
    let whole = summary(&data);
    assert!(whole.is_whole());
    assert_eq!((whole.end.kind.as_str(), whole.end.offset), ("no_close_mark", None));
    let mut holed = data;
    // The length of the second frame leads too far.
    holed[usize::try_from(at[1]).unwrap() + 2] ^= 0x40;
    let holed = summary(&holed);
    assert_eq!((holed.records, holed.end.kind), (2, EndKind::NoCloseMark));
    assert!(!holed.is_whole() && !holed.is_sound());
    assert_eq!(holed.issues.skipped_bytes, at[2] - at[1]);
}
