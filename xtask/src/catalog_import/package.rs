//! A published package: a wheel or a source distribution, of which the Python sources are read.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

/// Sources of more than this are data that somebody spelt in Python.
const MAX_SOURCE: u64 = 8 << 20;

/// One package as its file holds it.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its name, as its metadata has it, in lower case.
    pub(crate) name: String,
    /// Its release.
    pub(crate) version: String,
    /// Name of the file.
    pub(crate) file: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    /// Day on which it was built, by the time of its metadata in the archive; empty for none.
    pub(crate) built: String,
    /// Python sources by path below the root of what is installed, in order.
    pub(crate) sources: BTreeMap<String, String>,
}

/// Reads a wheel (`.whl`) or a source distribution (`.tar.gz`).
pub(crate) fn read(path: &Path) -> Result<Package> {
    let place = || format!("{}", path.display());
    let bytes = std::fs::read(path).with_context(place)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    of_bytes(&file, &bytes).with_context(place)
}

/// The same, of bytes at hand.
pub(crate) fn of_bytes(file: &str, bytes: &[u8]) -> Result<Package> {
    let extension = Path::new(file).extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let (sources, metadata, built) = match extension.as_deref() {
        Some("whl" | "zip") => of_zip(bytes)?,
        Some("gz" | "tgz") => of_tar(bytes)?,
        _ => bail!("neither a wheel (.whl) nor a source distribution (.tar.gz)"),
    };
    let metadata = metadata.context("the package has no METADATA or PKG-INFO")?;
    let field = |name: &str| {
        let head = format!("{name}: ");
        metadata.lines().find_map(|line| line.strip_prefix(&head)).map(|v| v.trim().to_owned())
    };
    let name = field("Name").context("its metadata has no Name")?.to_ascii_lowercase();
    let version = field("Version").context("its metadata has no Version")?;
    ensure!(!sources.is_empty(), "the package has no Python sources");
    let sha256 = Sha256::digest(bytes).iter().fold(String::new(), |mut out, byte| {
        use std::fmt::Write as _;
        let _ = write!(out, "{byte:02x}");
        out
    });
    Ok(Package { name, version, file: file.to_owned(), sha256, built, sources })
}

type Contents = (BTreeMap<String, String>, Option<String>, String);

fn keep(path: &str, size: u64) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "py") && size <= MAX_SOURCE
}

fn of_zip(bytes: &[u8]) -> Result<Contents> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).context("not a zip archive")?;
    let (mut sources, mut metadata, mut built) = (BTreeMap::new(), None, String::new());
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        let path = entry.name()?.into_owned();
        let about = path.ends_with(".dist-info/METADATA");
        // Archives that are made to be repeatable have the first day there is.
        if about && let Some(time) = entry.last_modified().filter(|t| t.year() > 1980) {
            built = format!("{}-{:02}-{:02}", time.year(), time.month(), time.day());
        }
        if !about && !keep(&path, entry.size()) {
            continue;
        }
        let mut text = Vec::new();
        entry.take(MAX_SOURCE).read_to_end(&mut text).with_context(|| path.clone())?;
        let text = String::from_utf8_lossy(&text).into_owned();
        if about {
            metadata = Some(text);
        } else {
            sources.insert(path, text);
        }
    }
    Ok((sources, metadata, built))
}

fn of_tar(bytes: &[u8]) -> Result<Contents> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let (mut sources, mut metadata, mut built) = (BTreeMap::new(), None, String::new());
    for entry in archive.entries().context("not a .tar.gz archive")? {
        let entry = entry?;
        let full = entry.path()?.to_string_lossy().into_owned();
        // Everything is in one directory, NAME-VERSION; some keep their packages in src or python.
        let path = full.split_once('/').map_or(full.as_str(), |(_, rest)| rest);
        let path = ["src/", "python/"].iter().find_map(|p| path.strip_prefix(p)).unwrap_or(path);
        let about = path == "PKG-INFO";
        if !about && !keep(path, entry.size()) {
            continue;
        }
        let path = path.to_owned();
        if about
            && let Ok(seconds) = entry.header().mtime()
            && let Ok(time) = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or(0))
        {
            built = time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        }
        let mut text = Vec::new();
        entry.take(MAX_SOURCE).read_to_end(&mut text).with_context(|| full.clone())?;
        let text = String::from_utf8_lossy(&text).into_owned();
        if about {
            metadata = Some(text);
        } else {
            sources.insert(path, text);
        }
    }
    Ok((sources, metadata, built))
}
