//! Which files of a packet are taken.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

/// What the maintainer asked for, as it is written into the fixture's manifest.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Wish {
    pub(super) only: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) max_bytes: Option<u64>,
}

/// The wish, ready to be asked.
pub(super) struct Selection {
    pub(super) wish: Wish,
    only: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    /// Compiles the globs; an error names the one that is none.
    pub(super) fn new(
        only: &[String],
        exclude: &[String],
        max_bytes: Option<u64>,
    ) -> Result<Self, globset::Error> {
        Ok(Selection {
            wish: Wish { only: only.to_vec(), exclude: exclude.to_vec(), max_bytes },
            only: if only.is_empty() { None } else { Some(compile(only)?) },
            exclude: compile(exclude)?,
        })
    }

    /// Why the file is left out, if it is.
    pub(super) fn refuses(&self, path: &str, bytes: u64) -> Option<String> {
        if self.only.as_ref().is_some_and(|only| !only.is_match(path)) {
            return Some("not among --only".to_owned());
        }
        if self.exclude.is_match(path) {
            return Some("--exclude".to_owned());
        }
        let limit = self.wish.max_bytes.filter(|limit| bytes > *limit)?;
        Some(format!("larger than --max-bytes {limit}"))
    }
}

fn compile(globs: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(glob).literal_separator(true).build()?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[&str], exclude: &[&str]) -> Selection {
        let owned = |globs: &[&str]| globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>();
        Selection::new(&owned(only), &owned(exclude), Some(100)).unwrap()
    }

    #[test]
    fn globs_stay_in_their_directory() {
        let s = selection(&[], &["*.log", "**/openapi.json"]);
        assert!(s.refuses("driver.log", 1).is_some());
        assert!(s.refuses("vllm/server.log", 1).is_none());
        assert!(s.refuses("openapi.json", 1).is_some());
        assert!(s.refuses("a/b/openapi.json", 1).is_some());
    }

    #[test]
    fn only_then_exclude_then_size() {
        let s = selection(&["**/*.prom"], &["b.prom"]);
        assert!(s.refuses("a.prom", 100).is_none());
        assert!(s.refuses("a.prom", 101).is_some_and(|why| why.contains("--max-bytes 100")));
        assert!(s.refuses("b.prom", 1).is_some());
        assert!(s.refuses("x/a.json", 1).is_some_and(|why| why.contains("--only")));
    }

    #[test]
    fn a_bad_glob_is_an_error() {
        assert!(Selection::new(&["a[".to_owned()], &[], None).is_err());
    }
}
