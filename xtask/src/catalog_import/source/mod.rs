//! The sources of a package as syntax trees, with what is needed to follow a name to its value.

pub(crate) mod program;
pub(crate) mod resolve;
pub(crate) mod text;
mod walk;

use anyhow::Result;
use ruff_python_ast::ModModule;
use ruff_text_size::TextSize;

/// One parsed source file.
#[derive(Debug)]
pub(crate) struct Module {
    /// Path below the package's root, as `lmcache/v1/config.py`.
    pub(crate) path: String,
    /// Dotted name, as `lmcache.v1.config`.
    pub(crate) name: String,
    /// Its tree.
    pub(crate) tree: ModModule,
    /// Offsets of the starts of its lines.
    lines: Vec<u32>,
}

impl Module {
    /// Parses one source; the error names the place.
    pub(crate) fn parse(path: &str, source: &str) -> Result<Self> {
        let parsed =
            ruff_python_parser::parse_module(source).map_err(|e| anyhow::anyhow!("{path}: {e}"))?;
        let stem = path.strip_suffix(".py").unwrap_or(path);
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        let ends = source.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let lines = std::iter::once(0)
            .chain(ends.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            name: stem.replace('/', "."),
            tree: parsed.into_syntax(),
            lines,
        })
    }

    /// Line of an offset, counted from 1.
    pub(crate) fn line(&self, at: TextSize) -> usize {
        self.lines.partition_point(|start| *start <= at.to_u32())
    }
}
