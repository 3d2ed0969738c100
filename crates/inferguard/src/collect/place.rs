//! Where a packet is written: beside its destination first, then put in its place as a whole.
//!
//! A destination that is not there yet is one rename. A directory that exists and is no packet
//! is added to, and no file that it holds is touched. A packet of an earlier run is refused, or
//! replaced with `--force`: only the files that its own manifest names are taken away.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::manifest::PacketManifest;

/// Why a packet cannot be written there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// An earlier packet lies there.
    #[error("{0} holds a packet already: --force replaces it, or choose another --output-dir")]
    Used(PathBuf),
    /// It is a file.
    #[error("{0} is not a directory")]
    NotADirectory(PathBuf),
    /// A file of another origin has the name of one of ours.
    #[error("{0} exists and is not from an earlier packet: choose another --output-dir")]
    Taken(PathBuf),
    /// The system refuses.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
}

/// A packet while it is written.
#[derive(Debug)]
pub(crate) struct Place {
    output: PathBuf,
    staging: PathBuf,
    force: bool,
    done: bool,
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> PlaceError + '_ {
    move |e| PlaceError::Io(path.to_owned(), e)
}

impl Place {
    /// Looks at the destination, and makes a directory beside it.
    pub(crate) fn prepare(output: &Path, force: bool) -> Result<Self, PlaceError> {
        match fs::metadata(output) {
            Ok(meta) if !meta.is_dir() => {
                return Err(PlaceError::NotADirectory(output.to_owned()));
            }
            Ok(_) if output.join(PacketManifest::FILE).exists() && !force => {
                return Err(PlaceError::Used(output.to_owned()));
            }
            _ => {}
        }
        let parent = match output.parent() {
            Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
            _ => PathBuf::from("."),
        };
        fs::create_dir_all(&parent).map_err(io_at(&parent))?;
        let name = output
            .file_name()
            .map_or_else(|| "packet".into(), |n| n.to_string_lossy().into_owned());
        let staging = parent.join(format!(".{name}.{}.partial", std::process::id()));
        // Left over from a run of the same number that was killed.
        let _ = fs::remove_dir_all(&staging);
        fs::create_dir(&staging).map_err(io_at(&staging))?;
        Ok(Self { output: output.to_owned(), staging, force, done: false })
    }

    /// Where files are written meanwhile.
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Whether a path lies in what is being written.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        fs::canonicalize(path)
            .ok()
            .zip(fs::canonicalize(&self.staging).ok())
            .is_some_and(|(path, own)| path.starts_with(own))
    }

    /// Puts everything in its place.
    pub(crate) fn keep(mut self) -> Result<(), PlaceError> {
        if !self.output.exists() {
            fs::rename(&self.staging, &self.output).map_err(io_at(&self.output))?;
            self.done = true;
            return Ok(());
        }
        let mut files = Vec::new();
        list(&self.staging, Path::new(""), &mut files).map_err(io_at(&self.staging))?;
        let own = if self.force { earlier(&self.output) } else { BTreeSet::new() };
        for file in &files {
            let to = self.output.join(file);
            if to.symlink_metadata().is_ok() && !own.contains(file) {
                return Err(PlaceError::Taken(to));
            }
        }
        for file in &own {
            let old = self.output.join(file);
            fs::remove_file(&old).map_err(io_at(&old))?;
            // Directories that are empty now were ours.
            for dir in file.ancestors().skip(1).take_while(|d| !d.as_os_str().is_empty()) {
                if fs::remove_dir(self.output.join(dir)).is_err() {
                    break;
                }
            }
        }
        // The manifest comes last: without it there is no packet.
        files.sort_by_key(|f| f.as_os_str() == PacketManifest::FILE);
        for file in &files {
            let (from, to) = (self.staging.join(file), self.output.join(file));
            if let Some(dir) = to.parent() {
                fs::create_dir_all(dir).map_err(io_at(dir))?;
            }
            fs::rename(&from, &to).map_err(io_at(&to))?;
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.staging);
        }
    }
}

/// Files below a directory, by their relative paths.
fn list(root: &Path, below: &Path, out: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(root, &path, out)?;
        } else {
            out.push(path);
        }
    }
    Ok(())
}

/// The regular files that the manifest of an earlier packet names. A name that would lead out of
/// the packet is not ours.
fn earlier(output: &Path) -> BTreeSet<PathBuf> {
    let manifest = output.join(PacketManifest::FILE);
    let mut out = BTreeSet::from([PathBuf::from(PacketManifest::FILE)]);
    let names = fs::read(&manifest)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .filter(|m| {
            m.get("schema_version").and_then(Value::as_str) == Some(PacketManifest::SCHEMA)
        });
    if let Some(Value::Object(artifacts)) = names.as_ref().and_then(|m| m.get("artifacts")) {
        out.extend(artifacts.values().filter_map(Value::as_str).map(PathBuf::from));
    }
    if let Some(Value::Array(files)) = names.as_ref().and_then(|m| m.get("files")) {
        out.extend(files.iter().filter_map(|f| f.get("file")?.as_str()).map(PathBuf::from));
    }
    out.retain(|path| {
        let inside = path.components().all(|c| matches!(c, std::path::Component::Normal(_)));
        inside && output.join(path).symlink_metadata().is_ok_and(|m| m.is_file())
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(place: &Place, name: &str, text: &str) {
        fs::write(place.staging().join(name), text).unwrap();
    }

    #[test]
    fn a_new_directory_appears_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a/packet");
        let place = Place::prepare(&out, false).unwrap();
        write(&place, "x", "1");
        assert!(!out.exists());
        place.keep().unwrap();
        assert_eq!(fs::read_to_string(out.join("x")).unwrap(), "1");
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::prepare(&dir.path().join("p"), false).unwrap();
        write(&place, "x", "1");
        drop(place);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn foreign_files_are_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine"), "old").unwrap();
        let place = Place::prepare(dir.path(), false).unwrap();
        write(&place, "mine", "new");
        assert!(matches!(place.keep(), Err(PlaceError::Taken(_))));
        let place = Place::prepare(dir.path(), true).unwrap();
        write(&place, "mine", "new");
        assert!(matches!(place.keep(), Err(PlaceError::Taken(_))));
        let place = Place::prepare(dir.path(), false).unwrap();
        write(&place, "other", "new");
        place.keep().unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("mine")).unwrap(), "old");
    }

    #[test]
    fn an_earlier_packet_is_replaced_as_a_unit_and_only_it() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("p");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("keep.txt"), "mine").unwrap();
        fs::write(dir.path().join("outside"), "mine").unwrap();
        let manifest = r#"{"schema_version":"inferguard-lmcache-packet/v1",
            "artifacts":{"a":"old.prom","b":"../outside"}}"#;
        fs::write(out.join(PacketManifest::FILE), manifest).unwrap();
        fs::write(out.join("old.prom"), "1").unwrap();
        assert!(matches!(Place::prepare(&out, false), Err(PlaceError::Used(_))));
        let place = Place::prepare(&out, true).unwrap();
        write(&place, "new.prom", "2");
        write(&place, PacketManifest::FILE, "{}");
        place.keep().unwrap();
        assert!(!out.join("old.prom").exists() && out.join("new.prom").exists());
        assert!(out.join("keep.txt").exists() && dir.path().join("outside").exists());
        assert_eq!(fs::read_to_string(out.join(PacketManifest::FILE)).unwrap(), "{}");
    }
}
