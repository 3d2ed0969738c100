//! Standard output, standard error and files.

use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

/// Why a report did not reach its reader.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The reader closed the pipe: it has what it wanted.
    Closed,
    /// Anything else; told on standard error.
    Failed,
}

/// Prints a rendered report; styles are left out where they do not belong.
pub(crate) fn print(text: &str) -> Result<(), Lost> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| lost(&e, "standard output"))
}

/// Prints a report as JSON.
pub(crate) fn print_json<T: Serialize>(report: &T) -> Result<(), Lost> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from);
    written
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|e| lost(&e, "standard output"))
}

/// Writes a report as JSON: whole or not at all.
pub(crate) fn write_json<T: Serialize>(path: &Path, report: &T) -> Result<(), Lost> {
    let name = path.display().to_string();
    let temporary = path.with_file_name(format!(
        ".{}.{}.tmp",
        path.file_name().map_or_else(|| "report".into(), |n| n.to_string_lossy().into_owned()),
        std::process::id()
    ));
    let write = || -> io::Result<()> {
        let mut out = io::BufWriter::new(std::fs::File::create(&temporary)?);
        serde_json::to_writer_pretty(&mut out, report)?;
        out.write_all(b"\n")?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        lost(&e, &name)
    })
}

fn lost(error: &io::Error, what: &str) -> Lost {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Lost::Closed;
    }
    complain(&format!("{what} could not be written: {error}"));
    Lost::Failed
}

/// One line on standard error.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(anstream::stderr(), "inferguard: {message}");
}

/// Columns of the terminal; 80 where there is none.
pub(crate) fn width() -> usize {
    let wished = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let real = || terminal_size::terminal_size().map(|(w, _)| usize::from(w.0));
    wished.or_else(real).unwrap_or(80).clamp(60, 120)
}
