//! Signs of releases or builds that do not fit together.

use super::modes::is_transfer_mode;
use crate::rules::prelude::*;
use crate::view::View;

/// What shows that releases or builds do not fit together.
pub(super) fn version_signs(view: &View<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.95,
        "a native library misses a symbol of the torch that is installed",
        &["import.undefined_symbol", "start.c_ops_missing"],
    ));
    signs.extend(logged(
        view,
        0.7,
        "the compiled operations of this LMCache could not be loaded: every copy runs in plain torch",
        FALLBACK,
    ));
    signs.extend(logged(
        view,
        0.9,
        "the server does not know what it is asked, or gets other arguments",
        &["mp.handler_arity", "mp.handler_type"],
    ));
    for (weight, text, ids) in [
        (
            0.85,
            "this LMCache does not know the layout that the engine gives its KV cache",
            &["version.kv_format"][..],
        ),
        (0.85, "one side sends what the other's release does not have", &["version.protocol"]),
        (0.8, "the connector does not know this engine", &["version.engine"]),
        (
            0.7,
            "native code was built for another system, library or device",
            &["import.shared_object", "import.glibc", "gpu.no_kernel"],
        ),
    ] {
        signs.extend(logged(view, weight, text, ids));
    }
    let asked = view.texts(&["mp.no_handler"], "operation");
    signs.extend(
        logged(view, 0.9, "the server has no such request", &["mp.no_handler"])
            .filter(|_| !asked.keys().any(|o| is_transfer_mode(o))),
    );
    signs.extend(
        logged(
            view,
            0.8,
            "an address came in pieces, as of another release",
            &["connector.zmq_address"],
        )
        .filter(|_| one_letter(view)),
    );
    for words in [
        ["cannot import name", ""],
        ["ImportError", "lmcache"],
        ["No module named 'lmcache.", ""],
        ["No module named 'vllm.", ""],
        ["No module named 'sglang.", ""],
    ] {
        signs.extend(raised(view, 0.85, "a module of another release was expected", &words));
    }
    let different: std::collections::BTreeSet<&String> = view
        .http
        .iter()
        .flat_map(|row| &row.evidence.releases)
        .chain(
            view.logs.iter().flat_map(|l| l.evidence.versions.get("lmcache").into_iter().flatten()),
        )
        .collect();
    if different.len() > 1 && start_failed(view) {
        let sources =
            different.iter().map(|v| Source::new("LMCache", format!("release {v}"))).collect();
        signs.push(Sign::inferred(
            0.55,
            "engine and server run different releases of LMCache",
            sources,
        ));
    }
    for words in [
        ["AttributeError", "has no attribute"],
        ["TypeError", "unexpected keyword argument"],
        ["TypeError", "positional argument"],
        ["TypeError", "abstract method"],
    ] {
        signs.extend(foreign(view, &words));
    }
    signs
}

/// Compiled operations that could not be loaded beside a device that they are for: nothing
/// fails, all is slow.
pub(super) const FALLBACK: &[&str] = &["import.ops_fallback"];

/// A ZMQ address of a single letter: a text was read as a list.
fn one_letter(view: &View<'_>) -> bool {
    view.logs.iter().flat_map(|l| &l.evidence.tracebacks).any(|t| {
        t.last_line
            .split_once("addr='")
            .and_then(|(_, rest)| rest.split_once('\''))
            .is_some_and(|(addr, _)| addr.chars().count() == 1)
    })
}

/// Errors of Python at the seam between engine and LMCache: a frame of each, or of LMCache's
/// integration.
fn foreign(view: &View<'_>, words: &[&str]) -> Option<Sign> {
    let sources: Vec<Source> = view
        .logs
        .iter()
        .flat_map(|log| log.evidence.tracebacks.iter().map(move |t| (log.path, t)))
        .filter(|(_, t)| words.iter().all(|w| t.last_line.contains(w)))
        .filter(|(_, t)| {
            t.frames.iter().any(|f| {
                f.contains("lmcache") || f.contains("kv_connector") || f.contains("kv_transfer")
            })
        })
        .map(|(path, t)| Source {
            line: Some(t.first_line),
            ..Source::new(path, t.last_line.clone())
        })
        .collect();
    (!sources.is_empty()).then(|| {
        Sign::inferred(0.8, "engine and LMCache call each other as other releases do", sources)
    })
}

/// Libraries that LMCache and the engines call, by the first name of their modules, and classes
/// of theirs that Python names without a module.
const CLIENTS: &[&str] = &[
    "mooncake",
    "MooncakeDistributedStore",
    "nixl",
    "nixl_agent",
    "nixlAgent",
    "infinistore",
    "InfinityConnection",
    "redis",
    "Redis",
    "RedisCluster",
    "glide",
    "GlideClient",
    "GlideClusterClient",
    "valkey",
    "eic",
    "awscrt",
    "hf3fs",
    "cufile",
    "cupy",
    "torch",
    "vllm",
    "sglang",
    "lmcache",
    "c_ops",
];

/// What LMCache or an engine reports of a client library in one line, without a traceback: an
/// object of the library lacks what it is asked for, or a native function takes other arguments.
pub(super) fn clients(view: &View<'_>) -> Option<Sign> {
    let attributes = view.events(&["version.attribute"]).filter(|e| {
        let owners = e.stat.texts.get("owner");
        owners.is_some_and(|t| t.values.keys().any(|owner| is_client(owner)))
    });
    // An argument alone may be anybody's: the line has to be one that LMCache or an engine words.
    let calls = view.events(&["version.call"]).filter(|e| !is_raised(&e.stat.example.text));
    let sources: Vec<Source> = attributes.chain(calls).map(|e| e.source()).collect();
    (!sources.is_empty())
        .then(|| Sign::inferred(0.8, "a library lacks what this release asks of it", sources))
}

/// Whether the owner of a missing attribute is a library's, and no value of Python's own.
fn is_client(owner: &str) -> bool {
    let owner = owner.rsplit('\'').next().unwrap_or(owner);
    let mut parts = owner.split('.');
    let first = parts.next().unwrap_or_default();
    let last = owner.rsplit('.').next().unwrap_or_default();
    CLIENTS.iter().any(|name| *name == first || *name == last)
}

/// The last line of a traceback: it begins with the name of an error.
fn is_raised(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    name.ends_with("Error") || name.ends_with("Exception")
}
