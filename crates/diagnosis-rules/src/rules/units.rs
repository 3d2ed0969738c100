//! Bytes as people say them.

/// GiB in bytes.
pub(super) const GIB: f64 = 1_073_741_824.0;
/// Bytes a MiB.
pub(super) const MIB: f64 = 1_048_576.0;

/// Bytes in GiB.
pub(super) fn gib(bytes: f64) -> String {
    format!("{:.1} GiB", bytes / GIB)
}
