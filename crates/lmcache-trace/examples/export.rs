//! Exports a trace as NDJSON, CSV or (feature `parquet`) Parquet.
//!
//! ```console
//! $ cargo run --release --features parquet --example export -- parquet records t.lct t.parquet
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use lmcache_trace::{ExportOptions, Hooks, Redaction, Row, Table, csv_head, csv_line, export};

#[allow(clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [format, table, from, to] = args.as_slice() else {
        eprintln!("usage: export ndjson|csv|parquet records|keys FROM TO");
        return ExitCode::from(2);
    };
    let table = if table == "keys" { Table::Keys } else { Table::Records };
    match run(format, table, from, to) {
        Ok(rows) => {
            eprintln!("{rows} rows");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{from}: {error}");
            ExitCode::from(3)
        }
    }
}

type Failure = Box<dyn std::error::Error>;

fn run(format: &str, table: Table, from: &str, to: &str) -> Result<u64, Failure> {
    let source = File::open(from)?;
    let mut out = BufWriter::new(File::create(to)?);
    // An example's salt; a real one is random, or kept where exports shall be joined.
    let options = ExportOptions::new(Redaction::Salted(b"example".to_vec())).with_table(table);
    let mut failed: Option<Failure> = None;
    let mut write = |row: Row, put: &mut dyn FnMut(Row) -> Result<(), Failure>| {
        failed = put(row).err();
        failed.is_none()
    };
    let done = match format {
        "csv" => {
            writeln!(out, "{}", csv_head(table))?;
            let mut put = |row: Row| Ok(writeln!(out, "{}", csv_line(&row))?);
            export(source, &options, Hooks::default(), |row| write(row, &mut put))?
        }
        #[cfg(feature = "parquet")]
        "parquet" => {
            let mut writer = lmcache_trace::ParquetWriter::new(&mut out, table)?;
            let mut put = |row: Row| Ok(writer.push(row)?);
            let done = export(source, &options, Hooks::default(), |row| write(row, &mut put))?;
            writer.finish()?;
            done
        }
        "ndjson" => {
            let mut put = |row: Row| {
                serde_json::to_writer(&mut out, &row)?;
                Ok(out.write_all(b"\n")?)
            };
            export(source, &options, Hooks::default(), |row| write(row, &mut put))?
        }
        _ => return Err("the format is ndjson, csv or parquet".into()),
    };
    out.flush()?;
    failed.map_or(Ok(done.rows), Err)
}
