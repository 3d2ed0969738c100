//! Absolute paths: which are the same on every machine, which are routes of an HTTP server, and
//! which tell about somebody's disk.

use std::ops::Range;

use crate::class::Class;
use crate::patterns::Patterns;
use crate::spans::{Span, Spans};

/// Finds absolute paths in one line.
pub(super) fn find(patterns: &Patterns, text: &[u8], out: &mut Spans) {
    for found in patterns.path.find_iter(text) {
        if may_begin_path(text, found.start()) {
            judge(text, found.range(), false, out);
        }
    }
    for found in patterns.windows.find_iter(text) {
        let glued = found
            .start()
            .checked_sub(1)
            .and_then(|i| text.get(i))
            .is_some_and(u8::is_ascii_alphanumeric);
        let value = text.get(found.range()).unwrap_or_default();
        let deep = value.split(|b| *b == b'\\').filter(|c| !c.is_empty()).count() > 2;
        // Bytes as Python shows them: `b"R:\x91\xf6"`.
        let bytes = value.windows(2).filter(|w| *w == b"\\x").count() >= 2;
        if !glued && deep && !bytes {
            out.add(text, found.start(), found.end(), Class::Path);
        }
    }
}

/// Finds only the paths that are private beyond doubt, for bytes that are no text.
pub(crate) fn private_paths(patterns: &Patterns, text: &[u8], out: &mut Spans) {
    for found in patterns.path.find_iter(text) {
        let mut components = found.as_bytes().split(|b| *b == b'/').filter(|c| !c.is_empty());
        if components.next().is_some_and(|first| PRIVATE.contains(&first))
            && components.next().is_some_and(|second| second.len() > 1)
        {
            out.add(text, found.start(), found.end(), Class::Path);
        }
    }
}

/// Judges the path that begins at `at`, whatever stands before it.
pub(super) fn at(patterns: &Patterns, text: &[u8], at: usize, out: &mut Spans) {
    if let Some(found) = patterns.path.find_at(text, at).filter(|f| f.start() == at) {
        judge(text, found.range(), true, out);
    }
}

/// The paths in the value of a field that holds them: there a single component counts too.
pub(crate) fn path_value(patterns: &Patterns, text: &[u8], range: Range<usize>, out: &mut Spans) {
    let value = text.get(range.clone()).unwrap_or_default();
    if value.first() == Some(&b'/')
        && let Some(found) = patterns.path.find_at(text, range.start)
        && found.start() == range.start
        && found.end() <= range.end
    {
        judge(text, found.range(), true, out);
    }
}

fn may_begin_path(text: &[u8], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).and_then(|i| text.get(i)).copied();
    match back(1) {
        None => true,
        Some(b'n' | b't' | b'r') => back(2) == Some(b'\\'),
        Some(b) => b.is_ascii_whitespace() || b"\"'`=:,;([<>{|&!".contains(&b),
    }
}

/// Directories that are alike on every machine of a kind.
const SYSTEM: &[&[u8]] = &[
    b"/dev",
    b"/proc",
    b"/sys",
    b"/bin",
    b"/sbin",
    b"/lib",
    b"/lib64",
    b"/usr/bin",
    b"/usr/sbin",
    b"/usr/lib",
    b"/usr/lib64",
    b"/usr/libexec",
    b"/usr/include",
    b"/usr/share",
    b"/usr/local/bin",
    b"/usr/local/sbin",
    b"/usr/local/lib",
    b"/usr/local/cuda",
    b"/etc",
    b"/run/secrets",
    b"/var/run/secrets",
    b"/site-packages",
    b"/dist-packages",
    b"/python-stdlib",
    b"/python",
    b"/venv/bin",
];

/// Below these directories the rest of a path is the same wherever the package is installed.
const PACKAGE_ROOTS: &[&[u8]] = &[b"/site-packages/", b"/dist-packages/"];

/// First components of the HTTP routes of LMCache, vLLM, SGLang, Prometheus and OpenAPI servers.
const ROUTES: &[&[u8]] = &[
    b"v1",
    b"v2",
    b"v3",
    b"api",
    b"metrics",
    b"health",
    b"healthcheck",
    b"healthz",
    b"livez",
    b"readyz",
    b"ping",
    b"version",
    b"docs",
    b"redoc",
    b"openapi.json",
    b"load",
    b"tokenize",
    b"detokenize",
    b"sleep",
    b"wake_up",
    b"pause",
    b"resume",
    b"invocations",
    b"inference",
    b"generate",
    b"encode",
    b"quota",
    b"periodic-threads",
    b"reconfigure",
    b"run_script",
    b"threads",
    b"loglevel",
    b"status",
    b"instances",
    b"chunk_statistics",
    b"controller",
    b"kvcache",
    b"query",
    b"workers",
    b"freeze",
    b"bypass",
    b"hot_cache",
    b"components",
    b"debug",
];

/// Routes whose first component could be a directory as well.
const LONG_ROUTES: &[&[u8]] = &[
    b"/cache/objects",
    b"/cache/clear",
    b"/cache/checksums",
    b"/cache/prefetches",
    b"/cache/kvcache",
    b"/config/adapters",
    b"/lookup/info",
];

/// Roots below which a path tells about people or projects, even in a request line.
const PRIVATE: &[&[u8]] = &[
    b"home",
    b"Users",
    b"root",
    b"mnt",
    b"data",
    b"srv",
    b"opt",
    b"workspace",
    b"work",
    b"nfs",
    b"scratch",
    b"lustre",
    b"gpfs",
    b"media",
    b"var",
    b"tmp",
    b"private",
    b"Volumes",
    b"export",
    b"fsx",
    b"efs",
    b"shared",
    b"storage",
    b"raid",
    b"ssd",
    b"nvme",
];

/// Decides about the path in `range`; `sure`: it is known to name a file.
fn judge(text: &[u8], range: Range<usize>, sure: bool, out: &mut Spans) {
    let raw = text.get(range.clone()).unwrap_or_default();
    let trail = raw.iter().rev().take_while(|b| matches!(b, b'.' | b'-' | b'~')).count();
    let end = range.end - trail;
    let path = text.get(range.start..end).unwrap_or_default();
    let components = path.split(|b| *b == b'/').filter(|c| !c.is_empty()).count();
    let first = path.split(|b| *b == b'/').find(|c| !c.is_empty()).unwrap_or_default();
    if let Some(package) = package_path(path) {
        if package > 0 {
            let literal = path.get(package..).map(<[u8]>::to_vec);
            out.push(text, Span { start: range.start, end, class: Class::Path, literal });
        }
        return;
    }
    let below = |root: &&[u8]| {
        path.strip_prefix(*root).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(b"/") || (*root == b"/usr/local/cuda")
        })
    };
    if SYSTEM.iter().any(below) {
        return;
    }
    let private = PRIVATE.contains(&first);
    if components < 2 {
        // `/data` says nothing; `/acme-kv` in a field for directories does.
        if sure && !private && !first.is_empty() {
            out.add(text, range.start, end, Class::Path);
        }
        return;
    }
    let route = ROUTES.contains(&first)
        || first.starts_with(b"is_")
        || LONG_ROUTES.iter().any(|route| path.starts_with(route))
        || follows_method(text, range.start);
    if private || sure || !route {
        out.add(text, range.start, end, Class::Path);
    }
}

/// Where the part of an installed package's path begins that is the same on every machine.
fn package_path(path: &[u8]) -> Option<usize> {
    const LIB: &[u8] = b"/lib/python3.";
    for root in PACKAGE_ROOTS {
        if let Some(at) = path.windows(root.len()).rposition(|w| w == *root) {
            return Some(at);
        }
    }
    // A standard library module: `.../lib/python3.11/asyncio/runners.py`.
    let at = path.windows(LIB.len()).rposition(|w| w == LIB)?;
    let kept = path.starts_with(b"/python/lib/") || path.starts_with(b"/usr/lib/");
    Some(if kept { 0 } else { at })
}

/// True if the path is the target of a request (`GET /x`) or announced as a route.
fn follows_method(text: &[u8], at: usize) -> bool {
    const WORDS: &[&[u8]] = &[
        b"GET ",
        b"HEAD ",
        b"POST ",
        b"PUT ",
        b"DELETE ",
        b"PATCH ",
        b"OPTIONS ",
        b"Route: ",
        b"route ",
        b"endpoint ",
        b"endpoints ",
    ];
    let before = text.get(..at).unwrap_or_default();
    WORDS.iter().any(|word| before.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placeholder::Salt;
    use crate::spans::{apply, edits};

    fn shown(text: &str) -> String {
        let patterns = Patterns::new().unwrap();
        let mut spans = Spans::default();
        find(&patterns, text.as_bytes(), &mut spans);
        let edits = edits(spans, text.as_bytes(), &Salt::new(*b"s"));
        let out = String::from_utf8(apply(text.as_bytes(), &edits)).unwrap();
        let hex = regex::Regex::new("-[0-9a-f]{12}").unwrap();
        hex.replace_all(&out, "").into_owned()
    }

    #[test]
    fn private_paths_go() {
        assert_eq!(shown("open /home/alice/kv.yaml: no"), "open /redacted-path.yaml: no");
        assert_eq!(shown("PATH=/home/a/bin:/usr/bin"), "PATH=/redacted-path:/usr/bin");
        assert_eq!(shown(r#"{"p":"/fsx/team/x"}"#), r#"{"p":"/redacted-path"}"#);
        assert_eq!(shown(r"C:\Users\alice\kv"), "/redacted-path");
        assert_eq!(shown("GET /home/alice/x HTTP/1.1"), "GET /redacted-path HTTP/1.1");
    }

    #[test]
    fn packages_keep_their_own_part() {
        assert_eq!(
            shown(r#"File "/opt/acme/lib/python3.12/site-packages/vllm/a.py", line 3"#),
            r#"File "/site-packages/vllm/a.py", line 3"#
        );
        assert_eq!(shown("/site-packages/vllm/a.py:138: x"), "/site-packages/vllm/a.py:138: x");
        assert_eq!(
            shown("/home/a/conda/lib/python3.11/asyncio/runners.py"),
            "/lib/python3.11/asyncio/runners.py"
        );
        let same = "/python/lib/python3.11/asyncio/runners.py";
        assert_eq!(shown(same), same);
    }

    #[test]
    fn routes_system_and_relative_paths_stay() {
        for text in [
            "\"GET /healthcheck HTTP/1.1\" 200",
            "Route: /a/b/c, Methods: GET",
            "/metrics",
            "/v1/chat/completions",
            "/cache/objects?tier=l1",
            "/dev/shm/lmcache_1",
            "/tmp",
            "to SHM /lmcache_kv_26587_0",
            "tmp/mp-main.lct ./sgl/sglang/x.py",
            "GB/s 1/2 and/or",
            "/usr/local/cuda-12.4/lib64",
            r"R:\x91\xf6\x97D\x13",
            "/etc/ssl/certs/ca.crt",
            "http://localhost:1/a/b",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn fields_for_directories() {
        let check = |value: &str| {
            let patterns = Patterns::new().unwrap();
            let mut spans = Spans::default();
            path_value(&patterns, value.as_bytes(), 0..value.len(), &mut spans);
            !spans.is_empty()
        };
        assert!(check("/acme-kv"));
        assert!(check("/v1/kv"));
        assert!(!check("/data"));
        assert!(!check("/usr/bin"));
        assert!(!check("l2"));
    }
}
