//! `trace records` and `trace export`: records as rows.

use std::io::{self, Write};

#[cfg(feature = "parquet")]
use lmcache_trace::ParquetWriter;
use lmcache_trace::{ExportOptions, Exported, Row, csv_head, csv_line, export};

use super::Watch;
use super::source;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// RFC 4180, with a head.
    Csv,
    /// Apache Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// What was read; the error is a sentence.
    pub read: Result<Exported, String>,
    /// What became of the output.
    pub output: io::Result<()>,
    /// SHA-256 of the trace; `null` where it was not read whole.
    pub sha256: Option<String>,
}

/// Writes the rows of one trace to `out`. The output is not flushed where it failed.
pub fn write_rows<W: Write + Send>(
    path: &str,
    format: Format,
    options: &ExportOptions,
    out: W,
    watch: &mut Watch<'_>,
) -> Written {
    let mut rows = match Rows::new(format, options, out) {
        Ok(rows) => rows,
        Err(error) => {
            return Written {
                read: Err("nothing was read".into()),
                output: Err(error),
                sha256: None,
            };
        }
    };
    let mut failed = None;
    let outcome = source::with(path, false, watch, |body, _, hooks| {
        export(body, options, hooks, |row| {
            failed = rows.push(row).err();
            failed.is_none()
        })
    });
    let read = outcome.result.map_err(|error| error.to_string());
    let output = match failed {
        Some(error) => Err(error),
        // A trace that could not be read at all leaves no output.
        None if read.is_err() => Ok(()),
        None => rows.finish(),
    };
    Written { read, output, sha256: outcome.sha256 }
}

enum Rows<W: Write + Send> {
    Ndjson(W),
    Csv(W),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetWriter<W>>),
}

impl<W: Write + Send> Rows<W> {
    fn new(format: Format, options: &ExportOptions, mut out: W) -> io::Result<Self> {
        Ok(match format {
            Format::Ndjson => Self::Ndjson(out),
            Format::Csv => {
                writeln!(out, "{}", csv_head(options.table))?;
                Self::Csv(out)
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => Self::Parquet(Box::new(
                ParquetWriter::new(out, options.table).map_err(io::Error::other)?,
            )),
        })
    }

    #[cfg_attr(not(feature = "parquet"), expect(clippy::needless_pass_by_value))]
    fn push(&mut self, row: Row) -> io::Result<()> {
        match self {
            Self::Ndjson(out) => {
                serde_json::to_writer(&mut *out, &row)?;
                out.write_all(b"\n")
            }
            Self::Csv(out) => writeln!(out, "{}", csv_line(&row)),
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.push(row).map_err(io::Error::other),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Ndjson(mut out) | Self::Csv(mut out) => out.flush(),
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.finish().map_err(io::Error::other)?.flush(),
        }
    }
}
