//! Rows as Parquet: integers as `UINT64`, times of day as `TIMESTAMP` in UTC, lists as
//! lists, names dictionary-encoded.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, ListBuilder, StringBuilder, TimestampMicrosecondBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use thiserror::Error;

use super::Table;
use super::rows::{KeyRow, RecordRow, Row};

/// Rows that are held before they are written.
const BATCH: usize = 8192;

/// Why a Parquet file could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// The Parquet library failed, mostly because the output could not be written.
    #[error("writing Parquet: {0}")]
    Write(String),
    /// A row of the other table.
    #[error("a row of another table than the file's")]
    WrongTable,
}

/// Writes rows of one table to a Parquet file.
///
/// ```
/// use lmcache_trace::{ExportOptions, Hooks, ParquetWriter, Redaction, Table, export};
///
/// let data = lmcache_trace::example_trace();
/// let mut writer = ParquetWriter::new(Vec::new(), Table::Records)?;
/// let mut failed = None;
/// export(&data[..], &ExportOptions::new(Redaction::Raw), Hooks::default(), |row| {
///     failed = writer.push(row).err();
///     failed.is_none()
/// })?;
/// let file = writer.finish()?;
/// assert!(failed.is_none() && file.starts_with(b"PAR1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParquetWriter<W: Write + Send> {
    table: Table,
    writer: ArrowWriter<W>,
    rows: Vec<Row>,
}

impl<W: Write + Send> fmt::Debug for ParquetWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetWriter").field("table", &self.table).finish_non_exhaustive()
    }
}

#[allow(clippy::needless_pass_by_value)]
fn failed(error: impl fmt::Display) -> ParquetError {
    ParquetError::Write(error.to_string())
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Starts a file.
    pub fn new(out: W, table: Table) -> Result<Self, ParquetError> {
        let schema = batch(table, &[])?.schema();
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(failed)?;
        Ok(ParquetWriter { table, writer, rows: Vec::with_capacity(BATCH) })
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) -> Result<(), ParquetError> {
        self.rows.push(row);
        if self.rows.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let batch = batch(self.table, &self.rows)?;
        self.rows.clear();
        self.writer.write(&batch).map_err(failed)
    }

    /// Ends the file and gives the output back. A file that is not finished cannot be
    /// read.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if !self.rows.is_empty() {
            self.flush()?;
        }
        self.writer.into_inner().map_err(failed)
    }
}

fn batch(table: Table, rows: &[Row]) -> Result<RecordBatch, ParquetError> {
    match table {
        Table::Records => {
            let rows: Option<Vec<&RecordRow>> = rows
                .iter()
                .map(|row| if let Row::Record(row) = row { Some(&**row) } else { None })
                .collect();
            records(&rows.ok_or(ParquetError::WrongTable)?)
        }
        Table::Keys => {
            let rows: Option<Vec<&KeyRow>> = rows
                .iter()
                .map(|row| if let Row::Key(row) = row { Some(row) } else { None })
                .collect();
            keys(&rows.ok_or(ParquetError::WrongTable)?)
        }
    }
}

/// Columns of one table, built from rows `T`.
struct Columns<'r, T> {
    rows: &'r [&'r T],
    columns: Vec<(&'static str, ArrayRef, bool)>,
}

impl<T> Columns<'_, T> {
    fn uint(&mut self, name: &'static str, value: impl Fn(&T) -> Option<u64>, nullable: bool) {
        let mut column = UInt64Builder::with_capacity(self.rows.len());
        self.rows.iter().for_each(|row| column.append_option(value(row)));
        self.columns.push((name, Arc::new(column.finish()), nullable));
    }

    fn float(&mut self, name: &'static str, value: impl Fn(&T) -> Option<f64>) {
        let mut column = Float64Builder::with_capacity(self.rows.len());
        self.rows.iter().for_each(|row| column.append_option(value(row)));
        self.columns.push((name, Arc::new(column.finish()), true));
    }

    fn time(&mut self, name: &'static str, value: impl Fn(&T) -> Option<f64>) {
        let mut column =
            TimestampMicrosecondBuilder::with_capacity(self.rows.len()).with_timezone("UTC");
        for row in self.rows {
            #[allow(clippy::cast_possible_truncation)] // `as` saturates
            column.append_option(value(row).map(|seconds| (seconds * 1e6).round() as i64));
        }
        self.columns.push((name, Arc::new(column.finish()), true));
    }

    fn bool(&mut self, name: &'static str, value: impl Fn(&T) -> Option<bool>) {
        let mut column = BooleanBuilder::with_capacity(self.rows.len());
        self.rows.iter().for_each(|row| column.append_option(value(row)));
        self.columns.push((name, Arc::new(column.finish()), true));
    }

    fn text(&mut self, name: &'static str, value: impl Fn(&T) -> Option<&str>, nullable: bool) {
        let mut column = StringBuilder::new();
        self.rows.iter().for_each(|row| column.append_option(value(row)));
        self.columns.push((name, Arc::new(column.finish()), nullable));
    }

    fn texts(&mut self, name: &'static str, values: impl Fn(&T) -> &[String]) {
        let mut column = ListBuilder::new(StringBuilder::new());
        for row in self.rows {
            for value in values(row) {
                column.values().append_value(value);
            }
            column.append(true);
        }
        self.columns.push((name, Arc::new(column.finish()), false));
    }

    fn finish(self) -> Result<RecordBatch, ParquetError> {
        RecordBatch::try_from_iter_with_nullable(self.columns).map_err(failed)
    }
}

fn records(rows: &[&RecordRow]) -> Result<RecordBatch, ParquetError> {
    let mut out = Columns { rows, columns: Vec::new() };
    out.uint("record", |row| Some(row.record), false);
    out.uint("offset", |row| Some(row.offset), false);
    out.float("t_mono", |row| row.t_mono);
    out.time("t_wall", |row| row.t_wall);
    out.text("op", |row| Some(&row.op), false);
    out.text("qualname", |row| Some(&row.qualname), false);
    out.uint("key_count", |row| Some(row.key_count), false);
    out.text("model_name", |row| row.model_name.as_deref(), true);
    out.uint("kv_rank", |row| row.kv_rank, true);
    out.uint("object_group_id", |row| row.object_group_id, true);
    out.uint("bytes", |row| row.bytes, true);
    out.text("external_request_id", |row| row.external_request_id.as_deref(), true);
    out.uint("pins", |row| row.pins, true);
    out.text("lock_mode", |row| row.lock_mode.as_deref(), true);
    out.text("policy", |row| row.policy.as_deref(), true);
    out.bool("skip_l2", |row| row.skip_l2);
    out.text("event_type", |row| row.event_type.as_deref(), true);
    out.text("tier", |row| row.tier.as_deref(), true);
    out.text("backend", |row| row.backend.as_deref(), true);
    out.text("instance_id", |row| row.instance_id.as_deref(), true);
    out.uint("seq", |row| row.seq, true);
    out.texts("keys", |row| &row.keys);
    out.finish()
}

fn keys(rows: &[&KeyRow]) -> Result<RecordBatch, ParquetError> {
    let mut out = Columns { rows, columns: Vec::new() };
    out.uint("record", |row| Some(row.record), false);
    out.uint("position", |row| Some(row.position), false);
    out.float("t_mono", |row| row.t_mono);
    out.time("t_wall", |row| row.t_wall);
    out.text("op", |row| Some(&row.op), false);
    out.text("key", |row| Some(&row.key), false);
    out.text("model_name", |row| Some(&row.model_name), false);
    out.uint("kv_rank", |row| Some(row.kv_rank), false);
    out.uint("object_group_id", |row| Some(row.object_group_id), false);
    out.uint("bytes", |row| row.bytes, true);
    out.text("cache_salt", |row| row.cache_salt.as_deref(), true);
    out.uint("tokens", |row| row.tokens, true);
    out.finish()
}
