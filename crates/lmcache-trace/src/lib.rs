#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod args;
mod check;
mod cursor;
mod digest;
mod distinct;
mod error;
mod evidence;
mod export;
mod frame;
mod header;
mod histogram;
mod issue;
mod lookups;
mod num;
mod pairing;
mod record;
mod redact;
pub mod replay;
mod resync;
mod reuse;
mod seal;
mod slice;
mod stream;
mod summary;
mod walk;

pub use args::{
    ArgSink, Args, Batch, CacheEntry, Feature, Features, Layout, Lifecycle, MAX_TREE_BYTES,
    ObjectKey, PrefetchForm, Rank, ReleaseHint, TensorDesc, TokenIds, Unknown, UnknownKind,
    ValueError,
};
pub use check::{Grade, Observation, check};
pub use cursor::{Cursor, DecodeError, DecodeErrorKind, Expected, MAX_DEPTH};
pub use digest::Sha256Thread;
pub use distinct::Distinct;
pub use error::{Foreign, TraceError};
pub use evidence::{ClaimStatus, LatencyFacts, ReplayEvidence, TraceEvidence};
pub use export::{
    ExportOptions, Exported, KeyRow, RecordFilter, RecordRow, Row, Table, csv_head, csv_line,
    export,
};
#[cfg(feature = "parquet")]
pub use export::{ParquetError, ParquetWriter};
pub use header::{DigestState, FORMAT_VERSION, Header, Level, MAX_HEADER, MetaValue};
pub use histogram::Quantile;
pub use issue::{Issue, IssueEntry, IssueKind, IssueLog};
pub use lookups::{Lookups, TraceLookup};
pub use pairing::{CallSample, Calls, Pairing, PrefetchCalls};
pub use record::{Op, Record};
pub use redact::Redaction;
pub use reuse::{
    CurvePoint, Gaps, ReuseAnalyzer, ReuseOptions, ReuseReport, ReuseUnit, ReuseView, WorkingSet,
    reuse,
};
pub use seal::{SealError, Sealed, seal};
pub use slice::{MAX_FRAME, ReadOptions, SliceReader, Step};
pub use stream::{StreamReader, TeeRead};
pub use summary::{
    BatchCount, CallShape, Clocks, End, EndKind, EventsSummary, GroupCount, HeaderFacts,
    InfoOptions, InstanceFacts, KeyFacts, LayoutCount, NameCount, OpStats, RankCount, Rate,
    RecordFacts, Spread, Summarizer, TraceSummary, UnknownCount, summarize, summarize_with,
};
pub use walk::{Hooks, Progress, Tee, Walked, walk};

/// A minimal trace to try things on: level `storage`, one key, reserved in the first of two
/// records and finished in the second.
pub fn example_trace() -> Vec<u8> {
    let key = |hash: u8| {
        let mut out = b"\x82\xa5__t__\xa9ObjectKey\xa1v\x84\xaachunk_hash\xc4\x20".to_vec();
        out.extend([hash; 32]);
        out.extend(b"\xaamodel_name\xa1m\xa7kv_rank\x00\xafobject_group_id\x00");
        out
    };
    let record = |t: f64, op: Op| {
        let mut out = b"\x85\xa4type\xa6record\xa6t_mono\xcb".to_vec();
        out.extend(t.to_be_bytes());
        out.extend(b"\xa6t_wall\xcb");
        out.extend((1.7e9 + t).to_be_bytes());
        out.extend(b"\xa8qualname\xd9");
        out.extend(u8::try_from(op.qualname().len()).map(u8::to_be_bytes).unwrap_or_default());
        out.extend(op.qualname().as_bytes());
        out.extend(b"\xa4args\x81\xa4keys\x91");
        out.extend(key(1));
        out
    };
    let mut header = b"\x88\xa4type\xa6header\xa5magic\xc4\x04LMCT\xaeformat_version\x01".to_vec();
    header.extend(b"\xa5level\xa7storage\xb4trace_schema_version\x01\xact_mono_start\x00");
    header.extend(b"\xact_wall_start\x00\xaesm_config_json\xa0");
    let mut out = Vec::new();
    for frame in [header, record(0.5, Op::ReserveWrite), record(0.75, Op::FinishWrite)] {
        out.extend(u32::try_from(frame.len()).unwrap_or_default().to_be_bytes());
        out.extend(frame);
    }
    out
}
