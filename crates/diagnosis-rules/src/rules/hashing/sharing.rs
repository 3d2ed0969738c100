//! Ways in which processes share keys.

use lmcache_launch::Process;

use crate::rules::prelude::*;
use crate::view::View;

/// Ways in which processes of this deployment share keys, each with what shows it.
pub(super) fn sharing(view: &View<'_>) -> Vec<(&'static str, Source)> {
    let mut out = Vec::new();
    if let Some((_, source)) = view.text("remote_url") {
        out.push(("a remote backend", source));
    }
    for (name, what) in [
        ("p2p.enabled", "P2P sharing"),
        ("pd.enabled", "disaggregated prefill"),
        ("nixl.storage", "NIXL storage"),
    ] {
        if let Some((true, source)) = view.flag(name) {
            out.push((what, source));
        }
    }
    if let Some((_, source)) = view.number("tensor_parallel").filter(|(n, _)| *n > 1.0) {
        out.push(("ranks that are processes of their own", source));
    }
    let embedded = |p: &&Process| p.lmcache_connector().is_some();
    if let Some((_, disk)) = view.text("local_disk")
        && view.engines().filter(embedded).count() > 1
    {
        out.push(("a disk", disk));
    }
    out
}
