//! Evidence out of a test's own text, checked as a directory.

use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::Catalog;

/// What `check` says of these files.
pub(crate) fn checked<'a, T: AsRef<[u8]>>(
    catalog: &Catalog,
    files: impl IntoIterator<Item = (&'a str, T)>,
    options: &Options,
) -> CheckReport {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let packet = open(&[Input::Path(dir.path().to_path_buf())], &Limits::default());
    check(catalog, packet, options)
}
