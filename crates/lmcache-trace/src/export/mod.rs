//! Records as rows: for `trace records` and `trace export`.
//!
//! Two tables: [`RecordRow`], one row a record, and [`KeyRow`], one row a key. Keys
//! and request ids are written as short salted hashes unless the caller asks for them
//! as they are; token ids are never written.

mod csv;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;

use std::io::Read;

pub use csv::{csv_head, csv_line};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetError, ParquetWriter};
pub use rows::{KeyRow, RecordRow, Row};

use crate::error::TraceError;
use crate::issue::{Issue, IssueLog};
use crate::record::{Op, Record};
use crate::redact::Redaction;
use crate::slice::{ReadOptions, Step};
use crate::walk::{Hooks, Walked, walk};

/// Which records are wanted. An unset bound lets all pass.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RecordFilter {
    /// Operations, by short or qualified name; empty for all.
    pub ops: Vec<String>,
    /// Records from this time on, in seconds since the start of the recording.
    pub since_s: Option<f64>,
    /// Records before this time, in seconds since the start of the recording.
    pub until_s: Option<f64>,
    /// Records from this time on, in seconds since 1970.
    pub since_wall_s: Option<f64>,
    /// Records before this time, in seconds since 1970.
    pub until_wall_s: Option<f64>,
    /// At most this many records.
    pub limit: Option<u64>,
}

impl RecordFilter {
    /// Whether a record is wanted; the limit is not looked at. A record without a
    /// finite time passes no bound on time.
    pub fn wants(&self, record: &Record<'_>) -> bool {
        let from = |bound: Option<f64>, time: f64| bound.is_none_or(|bound| time >= bound);
        let before = |bound: Option<f64>, time: f64| bound.is_none_or(|bound| time < bound);
        from(self.since_s, record.t_mono)
            && before(self.until_s, record.t_mono)
            && from(self.since_wall_s, record.t_wall)
            && before(self.until_wall_s, record.t_wall)
            && (self.ops.is_empty()
                || self.ops.iter().any(|name| {
                    let qualname = record.qualname();
                    Op::named(name) == Some(record.op)
                        || qualname == name
                        || (record.op == Op::Other && qualname.rsplit('.').next() == Some(name))
                }))
    }

    /// The names among [`RecordFilter::ops`] that are no known operation: a caller may
    /// warn of them (a newer release may have them all the same).
    pub fn unknown_ops(&self) -> Vec<&str> {
        self.ops.iter().filter(|name| Op::named(name).is_none()).map(String::as_str).collect()
    }
}

/// Which table is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Table {
    /// One row a record.
    #[default]
    Records,
    /// One row a key.
    Keys,
}

/// How to export.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ExportOptions {
    /// How to read.
    pub read: ReadOptions,
    /// Which records.
    pub filter: RecordFilter,
    /// Which table.
    pub table: Table,
    /// How keys are written.
    pub redaction: Redaction,
}

impl ExportOptions {
    /// All records as rows of the first table, with keys written in this way.
    pub fn new(redaction: Redaction) -> Self {
        ExportOptions {
            read: ReadOptions::default(),
            filter: RecordFilter::default(),
            table: Table::Records,
            redaction,
        }
    }

    /// These options with a filter.
    #[must_use]
    pub fn with_filter(mut self, filter: RecordFilter) -> Self {
        self.filter = filter;
        self
    }

    /// These options with another table.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Self {
        self.table = table;
        self
    }
}

/// What an export did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exported {
    /// What was read.
    pub walked: Walked,
    /// Records that were wanted.
    pub records: u64,
    /// Rows handed out.
    pub rows: u64,
    /// Faults met.
    pub issues: IssueLog,
}

/// Reads a trace and hands out rows, until `sink` says `false`.
///
/// ```
/// use lmcache_trace::{ExportOptions, Hooks, RecordFilter, Redaction, Row, export};
///
/// let data = lmcache_trace::example_trace();
/// let mut filter = RecordFilter::default();
/// filter.ops = vec!["finish_write".to_owned()];
/// let options =
///     ExportOptions::new(Redaction::Salted(b"salt".to_vec())).with_filter(filter);
/// let mut names = Vec::new();
/// let done = export(&data[..], &options, Hooks::default(), |row| {
///     if let Row::Record(row) = row {
///         names.push(row.op);
///         assert_eq!(row.keys[0].len(), 12);
///     }
///     true
/// })?;
/// assert_eq!(names, ["finish_write"]);
/// assert_eq!(done.rows, 1);
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub fn export<R: Read>(
    source: R,
    options: &ExportOptions,
    hooks: Hooks<'_>,
    mut sink: impl FnMut(Row) -> bool,
) -> Result<Exported, TraceError> {
    let limit = options.filter.limit.unwrap_or(u64::MAX);
    let start = |_: &crate::Header| (0_u64, 0_u64, IssueLog::default());
    let ((records, rows, issues), walked) =
        walk(source, options.read, hooks, start, |(records, rows, issues), step| {
            let record = match step {
                Step::Record(record) if options.filter.wants(&record) => record,
                Step::Record(_) => return true,
                Step::Issue(issue) => {
                    issues.push(&issue);
                    return true;
                }
            };
            if *records >= limit {
                return false;
            }
            *records += 1;
            let mut go_on = true;
            let built = match options.table {
                Table::Records => RecordRow::of(&record, &options.redaction).map(|row| {
                    *rows += 1;
                    go_on = sink(Row::Record(Box::new(row)));
                }),
                Table::Keys => rows::each_key(&record, &options.redaction, |row| {
                    if go_on {
                        *rows += 1;
                        go_on = sink(Row::Key(row));
                    }
                }),
            };
            if let Err(error) = built {
                let kind = crate::IssueKind::MalformedArgs(error);
                issues.push(&Issue { kind, offset: record.offset, record: record.index });
            }
            go_on && *records < limit
        })?;
    Ok(Exported { walked, records, rows, issues })
}
