//! Takes out what must not leave before anything is written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use evidence_redact::{Counts, Kind, Redactor, Salt};

/// What was replaced, by class.
pub type Replaced = BTreeMap<String, u64>;

/// Bytes of a text that are redacted at a time.
const PIECE: usize = 8 << 20;
/// A block of a key that is longer than this is cut all the same.
const LONGEST_BLOCK: usize = 64 << 10;

/// Redacts all artifacts of one packet with one salt, or nothing at all.
#[derive(Debug)]
pub(crate) struct Cleaner {
    redactor: Option<Redactor>,
    salt: Vec<u8>,
}

impl Cleaner {
    /// A cleaner with a random salt; `off` is `--no-redact`.
    pub(crate) fn new(off: bool) -> io::Result<Self> {
        let mut salt = vec![0_u8; 32];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let redactor = if off {
            None
        } else {
            Some(Redactor::new(Salt::new(salt.clone())).map_err(io::Error::other)?)
        };
        Ok(Self { redactor, salt })
    }

    pub(crate) fn is_off(&self) -> bool {
        self.redactor.is_none()
    }

    /// The salt for structured data that is redacted by its own code.
    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Learns the names that are told beside telling keys in these bytes.
    pub(crate) fn learn(&mut self, name: &str, bytes: &[u8]) {
        if let Some(redactor) = &mut self.redactor {
            redactor.learn(Kind::guess(name, bytes), bytes);
        }
    }

    /// Learns from a file; what cannot be read is told when it is copied.
    pub(crate) fn learn_file(&mut self, name: &str, path: &Path) {
        if self.redactor.is_none() {
            return;
        }
        let Ok(kind) = kind_of(name, path) else { return };
        if kind == Kind::Binary {
            return;
        }
        let _ = pieces(path, kind, |piece| {
            if let Some(redactor) = &mut self.redactor {
                redactor.learn(kind, piece);
            }
            Ok(())
        });
    }

    /// The bytes as they may be written.
    pub(crate) fn clean(&self, name: &str, bytes: Vec<u8>) -> (Vec<u8>, Replaced) {
        let Some(redactor) = &self.redactor else { return (bytes, Replaced::new()) };
        let kind = Kind::guess(name, &bytes);
        let redacted = redactor.redact(kind, &bytes);
        let replaced = named(redacted.counts());
        (redacted.into_bytes().into_owned(), replaced)
    }

    /// Copies a text file, piece by piece; `None` where the file is binary and holds what must
    /// not leave (the classes are named).
    pub(crate) fn copy(
        &self,
        name: &str,
        path: &Path,
        out: &mut impl Write,
    ) -> io::Result<Result<Replaced, String>> {
        let Some(redactor) = &self.redactor else {
            io::copy(&mut File::open(path)?, out)?;
            return Ok(Ok(Replaced::new()));
        };
        let kind = kind_of(name, path)?;
        if kind == Kind::Binary {
            let mut bytes = Vec::new();
            File::open(path)?.read_to_end(&mut bytes)?;
            let found = redactor.scan(&bytes);
            if !found.is_empty() {
                let mut classes: Vec<&str> = found.iter().map(|f| f.class.name()).collect();
                classes.sort_unstable();
                classes.dedup();
                return Ok(Err(classes.join(", ")));
            }
            out.write_all(&bytes)?;
            return Ok(Ok(Replaced::new()));
        }
        let mut counts = Counts::default();
        pieces(path, kind, |piece| {
            let redacted = redactor.redact(kind, piece);
            counts.merge(redacted.counts());
            out.write_all(redacted.bytes())
        })?;
        Ok(Ok(named(&counts)))
    }

    /// The name of a file that is copied, as it may be shown.
    pub(crate) fn path(&self, path: &str) -> String {
        self.redactor.as_ref().map_or_else(|| path.to_owned(), |redactor| redactor.path(path))
    }

    /// A text that goes into the manifest.
    pub(crate) fn text(&self, text: &str) -> String {
        match &self.redactor {
            Some(redactor) => {
                String::from_utf8_lossy(redactor.redact(Kind::Text, text.as_bytes()).bytes())
                    .into_owned()
            }
            None => text.to_owned(),
        }
    }
}

fn named(counts: &Counts) -> Replaced {
    counts.iter().map(|(class, n)| (class.name().to_owned(), n)).collect()
}

fn kind_of(name: &str, path: &Path) -> io::Result<Kind> {
    let mut head = Vec::new();
    File::open(path)?.take(64 << 10).read_to_end(&mut head)?;
    Ok(Kind::guess(name, &head))
}

/// Hands out a file in pieces that end at a line's end and outside of key blocks. Formats that
/// are read as a whole (JSON, YAML) are one piece.
fn pieces(
    path: &Path,
    kind: Kind,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let file = File::open(path)?;
    if matches!(kind, Kind::Json | Kind::Config | Kind::Env | Kind::Argv) {
        let mut whole = Vec::new();
        BufReader::new(file).read_to_end(&mut whole)?;
        return each(&whole);
    }
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut piece = Vec::new();
    loop {
        let n = reader.read_until(b'\n', &mut piece)?;
        let full =
            piece.len() >= PIECE && (!in_block(&piece) || piece.len() >= PIECE + LONGEST_BLOCK);
        if n == 0 || full {
            if !piece.is_empty() {
                each(&piece)?;
            }
            if n == 0 {
                return Ok(());
            }
            piece.clear();
        }
    }
}

/// Whether a key block has begun in the last part of the piece and not ended.
fn in_block(piece: &[u8]) -> bool {
    let tail = piece.get(piece.len().saturating_sub(LONGEST_BLOCK)..).unwrap_or_default();
    match memchr::memmem::rfind(tail, b"-----BEGIN ") {
        Some(at) => {
            memchr::memmem::find(tail.get(at..).unwrap_or_default(), b"-----END ").is_none()
        }
        None => false,
    }
}
