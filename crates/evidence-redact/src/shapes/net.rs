//! Addresses, host names, URLs and e-mail addresses.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use regex::bytes::Regex;

use super::{Scope, each_word, ends_with_ignoring_case, paths};
use crate::class::Class;
use crate::patterns::Patterns;
use crate::placeholder::contains_placeholder;
use crate::policy::Policy;
use crate::spans::Spans;

/// Finds addresses and names of machines in one line.
pub(super) fn find(
    patterns: &Patterns,
    policy: &Policy,
    scope: Scope,
    text: &[u8],
    out: &mut Spans,
) {
    each_word(&patterns.url, text, |range, _| url(patterns, policy, text, &range, out));
    each_word(&patterns.email, text, |range, _| {
        if is_email(text, &range) {
            out.add(text, range.start, range.end, Class::Email);
        }
    });
    each_free(&patterns.ipv4, text, |range| {
        if let Some(range) = ipv4(text, range, scope.version) {
            out.add(text, range.start, range.end, Class::Address);
        }
    });
    each_free(&patterns.ipv6, text, |range| {
        if let Some(range) = ipv6(text, range) {
            out.add(text, range.start, range.end, Class::Address);
        }
    });
    each_word(&patterns.domain, text, |range, _| {
        if is_domain(policy, text, &range) {
            out.add(text, range.start, range.end, Class::Host);
        }
    });
    each_word(&patterns.machine, text, |range, _| {
        let name = text.get(range.clone()).unwrap_or_default();
        let glued = text.get(range.end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
        let tail = name.get(name.len().saturating_sub(14)..).unwrap_or_default();
        if !glued && tail.iter().any(u8::is_ascii_digit) {
            out.add(text, range.start, range.end, Class::Host);
        }
    });
}

/// Every match, whatever stands before it.
fn each_free(regex: &Regex, text: &[u8], mut f: impl FnMut(Range<usize>)) {
    for found in regex.find_iter(text) {
        f(found.range());
    }
}

/// Schemes whose URLs name a file or a socket, and no machine.
const FILE_SCHEMES: &[&[u8]] =
    &[b"file", b"ipc", b"unix", b"inproc", b"shm", b"ext", b"cfg", b"docker", b"oci"];

/// Schemes whose path is a place in somebody's storage.
const STORAGE_SCHEMES: &[&[u8]] = &[
    b"s3", b"s3a", b"gs", b"gcs", b"hdfs", b"abfs", b"abfss", b"wasb", b"wasbs", b"nfs", b"smb",
    b"cifs", b"oss", b"cos", b"obs", b"az", b"azure", b"sftp", b"ftp", b"rsync", b"ssh", b"weka",
];

fn url(patterns: &Patterns, policy: &Policy, text: &[u8], range: &Range<usize>, out: &mut Spans) {
    let whole = text.get(range.clone()).unwrap_or_default();
    let Some(colon) = whole.windows(3).position(|w| w == b"://") else { return };
    let scheme = whole.get(..colon).unwrap_or_default().to_ascii_lowercase();
    let body = range.start + colon + 3;
    if FILE_SCHEMES.contains(&scheme.as_slice()) {
        paths::at(patterns, text, body, out);
        return;
    }
    let rest = text.get(body..range.end).unwrap_or_default();
    let slash = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..slash).unwrap_or_default();
    let web = scheme.starts_with(b"http") || scheme.starts_with(b"git");
    let login = authority.iter().rposition(|b| *b == b'@').or_else(|| {
        // A password may hold a slash: then the login ends at the last `@` of the whole.
        if web { None } else { rest.iter().rposition(|b| *b == b'@') }
    });
    let mut host = body;
    if let Some(at) = login {
        if !contains_placeholder(rest.get(..at).unwrap_or_default()) {
            out.add(text, body, body + at, Class::Secret);
        }
        host = body + at + 1;
    }
    let end = hosts(policy, text, host, range.end, out);
    if STORAGE_SCHEMES.contains(&scheme.as_slice()) {
        let length = text
            .get(end..range.end)
            .unwrap_or_default()
            .iter()
            .take_while(|b| !matches!(b, b'?' | b'#' | b',' | b')' | b']' | b';'))
            .count();
        if length > 1 {
            out.add(text, end, end + length, Class::Path);
        }
    }
}

/// The comma-separated `host:port` list at `start`; gives the end of it.
fn hosts(policy: &Policy, text: &[u8], start: usize, limit: usize, out: &mut Spans) -> usize {
    let mut at = start;
    loop {
        let rest = text.get(at..limit).unwrap_or_default();
        let length = if rest.first() == Some(&b'[') {
            rest.iter().position(|b| *b == b']').map_or(0, |i| i + 1)
        } else {
            rest.iter().take_while(|b| is_name_byte(**b)).count()
        };
        host(policy, text, at..at + length, true, out);
        at += length;
        let rest = text.get(at..limit).unwrap_or_default();
        if rest.first() == Some(&b':') {
            at += 1 + rest.iter().skip(1).take_while(|b| b.is_ascii_digit()).count();
        }
        match text.get(at..limit).unwrap_or_default() {
            [b',', next, ..] if length > 0 && (is_name_byte(*next) || *next == b'[') => at += 1,
            _ => return at,
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// One host: an address or a name. `sure`: it is known to be one, so a plain word counts.
fn host(policy: &Policy, text: &[u8], range: Range<usize>, sure: bool, out: &mut Spans) {
    let name = text.get(range.clone()).unwrap_or_default();
    if !name.iter().any(u8::is_ascii_alphanumeric) || contains_placeholder(name) {
        return;
    }
    let bare = name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name);
    let as_text = std::str::from_utf8(bare).unwrap_or_default();
    if let Ok(address) = as_text.parse::<Ipv4Addr>() {
        if !is_kept_ipv4(address) {
            out.add(text, range.start, range.end, Class::Address);
        }
    } else if let Ok(address) = as_text.parse::<Ipv6Addr>() {
        if !address.is_loopback() && !address.is_unspecified() {
            out.add(text, range.start, range.end, Class::Address);
        }
    } else if bare.iter().all(|b| is_name_byte(*b)) && !policy.keeps_host(bare) {
        let trimmed = range.end - bare.iter().rev().take_while(|b| **b == b'.').count();
        let telling =
            bare.contains(&b'.') || (bare.contains(&b'-') && bare.iter().any(u8::is_ascii_digit));
        if sure || telling {
            out.add(text, range.start, trimmed, Class::Host);
        }
    }
}

/// Words that a `host` field holds where it means a kind of memory or no host.
const NOT_HOSTS: &[&[u8]] = &[
    b"cpu",
    b"gpu",
    b"cuda",
    b"dram",
    b"memory",
    b"any",
    b"auto",
    b"default",
    b"all",
    b"local",
    b"internal",
    b"self",
    b"none",
    b"device",
    b"disk",
    b"unknown",
];

/// The hosts in the value of a field that holds one: `name`, `name:port`, a list, not a URL (which
/// is found by its shape).
pub(crate) fn host_value(
    policy: &Policy,
    strong: bool,
    text: &[u8],
    range: Range<usize>,
    out: &mut Spans,
) {
    let value = text.get(range.clone()).unwrap_or_default();
    if value.windows(3).any(|w| w == b"://") || value.starts_with(b"/") {
        return;
    }
    let mut at = range.start;
    for item in value.split(|b| *b == b',') {
        let lead = item.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let item_start = at + lead;
        at += item.len() + 1;
        let item = item.trim_ascii();
        let login = item.iter().rposition(|b| *b == b'@').map_or(0, |i| i + 1);
        let item = item.get(login..).unwrap_or_default();
        let port = item.iter().rposition(|b| *b == b':').filter(|colon| {
            item.get(colon + 1..).is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit))
                && item.iter().position(|b| *b == b':') == Some(*colon)
                || item.get(colon.wrapping_sub(1)) == Some(&b']')
        });
        let name = item.get(..port.unwrap_or(item.len())).unwrap_or_default();
        let number = name.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        let memory = name.starts_with(b"0x");
        if number || memory || NOT_HOSTS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
            continue;
        }
        let start = item_start + login;
        host(policy, text, start..start + name.len(), strong || port.is_some(), out);
    }
}

fn is_email(text: &[u8], range: &Range<usize>) -> bool {
    let whole = text.get(range.clone()).unwrap_or_default();
    // Object names of a cache look like `model@0x01@0@hash.data`.
    let chained = range.start.checked_sub(1).and_then(|i| text.get(i)) == Some(&b'@')
        || text.get(range.end) == Some(&b'@');
    let top = whole.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let named = (2..=24).contains(&top.len()) && top.iter().all(u8::is_ascii_alphabetic);
    named && !chained && !contains_placeholder(whole)
}

fn is_kept_ipv4(address: Ipv4Addr) -> bool {
    // A first octet of 255 is a netmask or the broadcast address.
    address.is_loopback() || address.is_unspecified() || address.octets()[0] == 255
}

fn ipv4(text: &[u8], range: Range<usize>, version: bool) -> Option<Range<usize>> {
    let back = |n: usize| range.start.checked_sub(n).and_then(|i| text.get(i)).copied();
    let ahead = |n: usize| text.get(range.end + n).copied();
    let escape = back(2) == Some(b'\\') && back(1).is_some_and(|b| matches!(b, b'n' | b't' | b'r'));
    let glued = back(1).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    let goes_on = ahead(0).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        || (ahead(0) == Some(b'.') && ahead(1).is_some_and(|b| b.is_ascii_digit()));
    if (glued && !escape) || goes_on || version {
        return None;
    }
    let value = std::str::from_utf8(text.get(range.clone())?).ok()?;
    let address: Ipv4Addr = value.parse().ok()?;
    let before = text.get(range.start.saturating_sub(12)..range.start).unwrap_or_default();
    let requirement = matches!(before, [.., b'=' | b'<' | b'>' | b'~' | b'!', b'=']);
    let spoken = before.windows(6).any(|w| w.eq_ignore_ascii_case(b"ersion"));
    let suffix = matches!(back(1), Some(b'-' | b'_')) && !address.is_private();
    if is_kept_ipv4(address) || requirement || spoken || suffix { None } else { Some(range) }
}

fn ipv6(text: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let glued = |b: Option<&u8>| {
        b.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.'))
    };
    if glued(range.start.checked_sub(1).and_then(|i| text.get(i))) {
        return None;
    }
    let mut end = range.end;
    let mut value = text.get(range.start..end)?;
    if value.ends_with(b":") && !value.ends_with(b"::") {
        end -= 1;
        value = text.get(range.start..end)?;
    } else if text.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    if is_mac(value) {
        return Some(range.start..end);
    }
    let bare = value.split(|b| *b == b'%').next()?;
    let address: Ipv6Addr = std::str::from_utf8(bare).ok()?.parse().ok()?;
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    // `1::2` is a slice of an array more often than a machine.
    let parts = address.segments();
    let telling = parts.iter().filter(|p| **p != 0).count() >= 3 || parts[0] >= 0x1000;
    if !telling {
        return None;
    }
    let bracketed = range.start.checked_sub(1).is_some_and(|i| text.get(i) == Some(&b'['))
        && text.get(end) == Some(&b']')
        && text.get(end + 1) == Some(&b':');
    Some(if bracketed { range.start - 1..end + 1 } else { range.start..end })
}

/// Six pairs of hexadecimal digits, not all decimal (which would be a clock of some sort).
fn is_mac(value: &[u8]) -> bool {
    let pairs = value.split(|b| *b == b':');
    pairs.clone().count() == 6
        && pairs.clone().all(|p| p.len() == 2 && p.iter().all(u8::is_ascii_hexdigit))
        && value.iter().any(u8::is_ascii_alphabetic)
}

/// Last labels that only networks without a public name use.
const INTERNAL: &[&[u8]] =
    &[b"internal", b"corp", b"lan", b"intranet", b"intra", b"svc", b"consul", b"localdomain"];
/// The same, but also the last word of module paths (`threading.local`).
const INTERNAL_IF_TELLING: &[&[u8]] = &[b"local", b"private", b"cluster"];
/// Public top-level labels that are no ordinary attribute names.
const PUBLIC: &[&[u8]] = &[b"com", b"edu", b"gov", b"mil"];
/// Public top-level labels that are.
const PUBLIC_IF_TELLING: &[&[u8]] = &[
    b"net", b"org", b"io", b"ai", b"dev", b"app", b"cloud", b"co", b"tech", b"info", b"biz",
    b"xyz", b"us", b"uk", b"de", b"fr", b"nl", b"ch", b"eu", b"jp", b"cn", b"kr", b"ru", b"br",
    b"au", b"ca", b"it", b"es", b"se", b"no", b"fi", b"pl", b"cz", b"at", b"be", b"dk", b"ie",
    b"il", b"sg", b"hk", b"tw", b"za", b"in",
];

/// Packages whose modules end in such labels.
const PYTHON_ROOTS: &[&[u8]] = &[
    b"aiohttp",
    b"asyncio",
    b"boto3",
    b"botocore",
    b"concurrent",
    b"google",
    b"grpc",
    b"httpx",
    b"kubernetes",
    b"lmcache",
    b"logging",
    b"multiprocessing",
    b"numpy",
    b"opentelemetry",
    b"ray",
    b"redis",
    b"self",
    b"sglang",
    b"sys",
    b"threading",
    b"torch",
    b"transformers",
    b"triton",
    b"urllib3",
    b"uvicorn",
    b"vllm",
    b"np",
    b"cls",
    b"os",
];

fn is_domain(policy: &Policy, text: &[u8], range: &Range<usize>) -> bool {
    let before = range.start.checked_sub(1).and_then(|i| text.get(i));
    let after = text.get(range.end);
    if before.is_some_and(|b| matches!(b, b'.' | b'-' | b'@'))
        || after.is_some_and(|b| matches!(b, b'(' | b'_' | b'-' | b'@'))
    {
        return false;
    }
    let name = text.get(range.clone()).unwrap_or_default().to_ascii_lowercase();
    if policy.keeps_host(&name) || contains_placeholder(&name) {
        return false;
    }
    let labels: Vec<&[u8]> = name.split(|b| *b == b'.').collect();
    let Some((top, rest)) = labels.split_last() else { return false };
    let port = matches!(
        text.get(range.end..),
        Some([b':', a, b, ..]) if a.is_ascii_digit() && b.is_ascii_digit()
    );
    let marked = rest.iter().any(|l| l.iter().any(|b| b.is_ascii_digit() || *b == b'-'));
    let telling = port || marked;
    // `google.protobuf.internal` is a module.
    let module = labels.first().is_some_and(|first| PYTHON_ROOTS.contains(first));
    if module && !port {
        return false;
    }
    let cluster = ends_with_ignoring_case(&name, b".cluster.local")
        || ends_with_ignoring_case(&name, b".home.arpa")
        || rest.contains(&b"svc".as_slice());
    cluster
        || INTERNAL.contains(top)
        || (INTERNAL_IF_TELLING.contains(top) && (telling || labels.len() > 2))
        || PUBLIC.contains(top)
        || (PUBLIC_IF_TELLING.contains(top) && (port || (marked && labels.len() > 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let patterns = Patterns::new().unwrap();
        let mut spans = Spans::default();
        find(&patterns, &Policy::default(), Scope::TEXT, text.as_bytes(), &mut spans);
        spans.merged().iter().map(|s| text[s.start..s.end].to_owned()).collect()
    }

    #[test]
    fn addresses() {
        assert_eq!(found("from 10.1.2.3:8000 ok"), ["10.1.2.3"]);
        assert_eq!(found("net 192.168.0.0/16"), ["192.168.0.0"]);
        assert_eq!(found("peer fe80::1%eth0 up"), ["fe80::1%eth0"]);
        assert_eq!(found("at 2001:db8::7: refused"), ["2001:db8::7"]);
        assert_eq!(found("[2001:db8::7]:80"), ["[2001:db8::7]"]);
        assert_eq!(found("::ffff:10.0.0.1"), ["::ffff:10.0.0.1"]);
        assert_eq!(found("mac 0a:1b:2c:3d:4e:5f"), ["0a:1b:2c:3d:4e:5f"]);
    }

    #[test]
    fn numbers_that_are_no_addresses() {
        for text in [
            "127.0.0.1:80 0.0.0.0 ::1 [::] 255.255.255.0",
            "nvidia-cublas==13.1.1.3 >=9.20.0.48",
            "version 12.6.3.3 and v1.2.3.4 lib-9.20.0.48",
            "0.5.6 1.2.3.4.5 999.1.1.1 1.2.3.04",
            "03:14:39 [1::2] a::b std::vec 2026-11-24T03:14:39Z",
            "12:34:56:78:90:12",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn urls_lose_login_host_and_storage_path() {
        assert_eq!(found("redis://:p/w@cache-1:6379/0"), [":p/w", "cache-1"]);
        assert_eq!(found("http://lmcache:8000/metrics"), ["lmcache"]);
        assert_eq!(found("s3://acme/kv/a?x=1"), ["acme", "/kv/a"]);
        assert_eq!(found("kafka://u:p@b1:9092,b2:9092"), ["u:p", "b1", "b2"]);
        assert_eq!(found("http://[2001:db8::1]:80/"), ["[2001:db8::1]"]);
        assert_eq!(found("file:///home/a/b.txt"), ["/home/a/b.txt"]);
        for text in [
            "https://docs.lmcache.ai/recipes",
            "tcp://127.0.0.1:5555 tcp://*:1 http://localhost/x http://[::1]:80",
            "http://{host}:{port}/x",
            "file://tmp/vllm_dist_8aa91f17",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn names() {
        for name in [
            "gpu-17.corp.example.com",
            "ip-10-0-0-7.ec2.internal",
            "cache.prod.svc",
            "cache.prod.svc.cluster.local",
            "alices-mac.local",
            "node1.dc.example.io:9100",
            "ip-10-0-0-7",
            "vllm-decode-7d9c6b8f5c-x2x9z",
            "acme.blob.core.windows.net:443",
        ] {
            let host = name.split(':').next().unwrap();
            assert_eq!(found(&format!("up {name} x")), [host], "{name}");
        }
        for text in [
            "lmcache.v1.platform._device_detect",
            "server.py:495:lmcache.v1.server",
            "threading.local",
            "aiohttp.internal",
            "redis.asyncio.cluster",
            "ext://sys.stdout",
            "self.net",
            "torch.bfloat16",
            "utils.cpp:68",
            "os.path.join(a)",
            "SessionManager-cleanup-thread-7f111f9b25d0",
            "f88cd01a-f0c6-49ee-bb3c-18346c37cfc6",
            "cmpl-ig-0001-0-8d88e08b",
            "v1.2.3-rc1",
            "0.5.6-g3e11e108",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn emails_but_not_object_names() {
        assert_eq!(found("by a.b@acme.example"), ["a.b@acme.example"]);
        assert!(found("big-model@0x01000100@0@04196fdfe.data").is_empty());
    }

    #[test]
    fn values_of_host_fields() {
        let check = |value: &str, strong: bool| {
            let mut spans = Spans::default();
            host_value(&Policy::default(), strong, value.as_bytes(), 0..value.len(), &mut spans);
            spans.merged().iter().map(|s| value[s.start..s.end].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(check("buildbox", true), ["buildbox"]);
        assert!(check("buildbox", false).is_empty());
        assert_eq!(check("gpu-7:8000", false), ["gpu-7"]);
        assert_eq!(check("a.b, c.d:1", true), ["a.b", "c.d"]);
        assert!(check("127.0.0.1", true).is_empty());
        assert!(check("0", true).is_empty());
        assert!(check("0x7f8342bfc610", true).is_empty());
        assert!(check("cpu", true).is_empty());
    }
}
