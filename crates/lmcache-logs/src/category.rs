//! The categories of the older evidence format, and how lines without a row get one.

/// Categories of `inferguard-lmcache-logs/v1`.
pub const CATEGORIES: [&str; 14] = [
    "store",
    "retrieve",
    "prefetch_complete",
    "p2p_transfer",
    "p2p_peer",
    "p2p_transfer_failure",
    "p2p_transfer_speed",
    "pd_sender",
    "pd_receiver",
    "pd_role_mismatch",
    "pd_stall",
    "nixl_proxy",
    "nixl_request",
    "health_startup",
];

/// A rule: context words, one of which has to stand in the line; words that decide; category.
/// The first rule that holds wins.
type Rule = (&'static [&'static str], &'static [&'static str], &'static str);

const RULES: &[Rule] = &[
    (
        &["p2p"],
        &[
            "fail",
            "error",
            "exception",
            "timeout",
            "timed out",
            "disconnect",
            "refused",
            "unreachable",
            "retry",
        ],
        "p2p_transfer_failure",
    ),
    (
        &["p2p"],
        &["gb/s", "gib/s", "mb/s", "mib/s", "throughput", "bandwidth"],
        "p2p_transfer_speed",
    ),
    (&["p2p"], &["transfer", "sent", "recv", "received", "tokens"], "p2p_transfer"),
    (&["p2p"], &["peer", "connect", "controller", "lookup"], "p2p_peer"),
    (
        &["nixl", "disagg", "prefill", "decode"],
        &["role mismatch", "wrong role", "unexpected role"],
        "pd_role_mismatch",
    ),
    (
        &["nixl", "disagg"],
        &["stall", "stuck", "timeout", "timed out", "deadlock", "waiting for"],
        "pd_stall",
    ),
    (&["nixl"], &["proxy"], "nixl_proxy"),
    (&["nixl"], &["request"], "nixl_request"),
    (&["nixl", "disagg"], &["sender", "producer", "kv_both", "prefiller"], "pd_sender"),
    (&["nixl", "disagg"], &["receiver", "consumer", "decoder"], "pd_receiver"),
];

/// Whether a line is worth asking [`by_words`].
pub(crate) const CONTEXT: [&str; 3] = ["p2p", "nixl", "disagg"];

/// Category by words, of a line that no row of the table knows.
pub(crate) fn by_words(message: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(message).to_ascii_lowercase();
    RULES
        .iter()
        .find(|(context, words, _)| {
            context.iter().any(|w| text.contains(w)) && words.iter().any(|w| text.contains(w))
        })
        .map(|(_, _, category)| *category)
}
