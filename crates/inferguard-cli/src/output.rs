//! Standard output, standard error and files.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use inferguard::render::RenderOptions;
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

/// Writes a text: whole or not at all.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Lost> {
    let write = || -> io::Result<()> {
        let mut out = Out::create(path)?;
        out.write_all(text.as_bytes())?;
        out.keep()
    };
    write().map_err(|e| lost(&e, &path.display().to_string()))
}

/// Writes a report as JSON: whole or not at all.
pub(crate) fn write_json<T: Serialize>(path: &Path, report: &T) -> Result<(), Lost> {
    let write = || -> io::Result<()> {
        let mut out = Out::create(path)?;
        serde_json::to_writer_pretty(&mut out, report)?;
        out.write_all(b"\n")?;
        out.keep()
    };
    write().map_err(|e| lost(&e, &path.display().to_string()))
}

/// A file that is there whole once it is kept, and not at all otherwise; or standard output.
#[derive(Debug)]
pub(crate) enum Out {
    /// A temporary file beside its destination.
    File {
        /// What is written.
        file: io::BufWriter<File>,
        /// Where.
        temporary: PathBuf,
        /// Where it goes.
        path: PathBuf,
    },
    /// Standard output.
    Stdout(io::BufWriter<io::Stdout>),
}

impl Out {
    /// Starts a file; `-` is standard output.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout(io::BufWriter::with_capacity(64 << 10, io::stdout())));
        }
        let name =
            path.file_name().map_or_else(|| "out".into(), |n| n.to_string_lossy().into_owned());
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = io::BufWriter::with_capacity(256 << 10, File::create(&temporary)?);
        Ok(Self::File { file, temporary, path: path.to_owned() })
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Puts the file in its place.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        match self {
            Self::File { file, temporary, path } => {
                file.flush()?;
                file.get_ref().sync_all()?;
                std::fs::rename(temporary, path)
            }
            Self::Stdout(out) => out.flush(),
        }
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        if let Self::File { temporary, .. } = self {
            // Not there any more where it was kept.
            let _ = std::fs::remove_file(temporary);
        }
    }
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { file, .. } => file.write(bytes),
            Self::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File { file, .. } => file.flush(),
            Self::Stdout(out) => out.flush(),
        }
    }
}

/// Tells why an output is lost, once, on standard error; a closed pipe is no error.
pub(crate) fn lost(error: &io::Error, what: &str) -> Lost {
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

/// How reports are rendered for standard output; [`print`] leaves styles out where they do not belong.
pub(crate) fn screen() -> RenderOptions {
    RenderOptions::default().with_width(width()).with_color(true)
}

/// Columns of the terminal; 80 where there is none.
fn width() -> usize {
    let wished = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let real = || terminal_size::terminal_size().map(|(w, _)| usize::from(w.0));
    wished.or_else(real).unwrap_or(80).clamp(60, 120)
}
