//! `cargo xtask schemas`: a JSON Schema a report, in `docs/schemas/`.

use std::path::Path;

use anyhow::Result;
use inferguard::report::{
    CatalogDiff, CatalogList, CatalogShow, CheckReport, CompatReport, DriftReport,
};
use schemars::Schema;

use crate::generated::{Mode, ensure_contents};

/// Regenerates or checks the schemas.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let all: [(&str, Schema); 6] = [
        ("check", schemars::schema_for!(CheckReport)),
        ("lmcache-compat", schemars::schema_for!(CompatReport)),
        ("catalog-list", schemars::schema_for!(CatalogList)),
        ("catalog-show", schemars::schema_for!(CatalogShow)),
        ("catalog-diff", schemars::schema_for!(CatalogDiff)),
        ("catalog-drift", schemars::schema_for!(DriftReport)),
    ];
    for (name, schema) in all {
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        let path = root.join("docs/schemas").join(format!("{name}.schema.json"));
        ensure_contents(&path, &text, mode, "cargo xtask schemas")?;
    }
    Ok(())
}
