//! KV connector classes.

/// Whether a connector class is LMCache's.
pub(crate) fn is_lmcache(name: &str) -> bool {
    name.contains("LMCache")
}
