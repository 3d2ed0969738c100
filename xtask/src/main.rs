//! Maintainers' tasks.

mod catalog;
mod generated;

use std::path::Path;

fn main() -> anyhow::Result<()> {
    catalog::run(Path::new("."), generated::Mode::Write)
}
