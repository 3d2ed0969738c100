//! Paths out of URLs and file names.

use super::{Method, Routes};

/// Names under which collectors save an answer, where the path does not follow from the name.
const ALIASES: [(&str, &str); 5] = [
    ("root", "/"),
    ("index", "/"),
    ("health", "/healthcheck"),
    ("periodic_thread", "/periodic-threads"),
    ("models", "/v1/models"),
];

/// What collectors put before the route in a file name.
const PREFIXES: [&str; 5] = ["lmcache_http_", "lmcache_", "http_", "vllm_", "sglang_"];

/// What they put after it.
const EXTENSIONS: [&str; 8] = ["json", "txt", "prom", "html", "yaml", "yml", "body", "out"];

/// The path of a URL or request target: no scheme, host, query, fragment or closing slash.
///
/// ```
/// use lmcache_http::path_of;
/// assert_eq!(path_of("http://host:8080/status/?x=1"), "/status");
/// assert_eq!(path_of("https://host"), "/");
/// assert_eq!(path_of("GET /conf"), "/conf");
/// ```
pub fn path_of(url: &str) -> &str {
    let url = url.trim();
    let url = url.rsplit_once(' ').map_or(url, |(_, target)| target);
    let url = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    };
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let short = url.trim_end_matches('/');
    if short.is_empty() { "/" } else { short }
}

/// Letters and digits in lower case, all else `_`.
fn plain(text: &str) -> String {
    text.trim_matches('/')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .collect()
}

pub(super) fn path_of_file(routes: &Routes, name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next()?;
    let stem = match file.rsplit_once('.') {
        // `openapi.json` is a route by its whole name.
        Some((stem, extension)) if EXTENSIONS.contains(&extension) => stem,
        _ => file,
    };
    let whole = plain(stem);
    let mut names = vec![whole.as_str()];
    names.extend(PREFIXES.iter().filter_map(|prefix| whole.strip_prefix(prefix)));
    names.iter().filter(|name| !name.is_empty()).find_map(|name| known(routes, name))
}

fn known(routes: &Routes, name: &str) -> Option<String> {
    if let Some((_, path)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return Some((*path).to_owned());
    }
    let gets = || routes.all().iter().filter(|r| r.method == Method::Get);
    let literal = |r: &&super::Route| r.parameters() == 0 && r.path != "/";
    if let Some(route) = gets()
        .filter(literal)
        .find(|r| plain(r.path) == name || plain(r.path.trim_end_matches(".json")) == name)
    {
        return Some(route.path.to_owned());
    }
    // A template: its literal segments in order, one segment for each parameter.
    let templates = gets().filter(|r| r.parameters() == 1);
    let mut found: Option<(usize, String)> = None;
    for route in templates {
        let Some((before, rest)) = route.path.split_once('{') else { continue };
        let Some((_, after)) = rest.split_once('}') else { continue };
        let (head, tail) = (plain(before), plain(after));
        let Some(middle) = name.strip_prefix(head.as_str()).and_then(|n| n.strip_prefix('_'))
        else {
            continue;
        };
        let middle = if tail.is_empty() {
            Some(middle)
        } else {
            middle.strip_suffix(tail.as_str()).and_then(|m| m.strip_suffix('_'))
        };
        let Some(middle) = middle.filter(|m| !m.is_empty()) else { continue };
        let weight = head.len() + tail.len();
        if found.as_ref().is_none_or(|(best, _)| *best < weight) {
            found = Some((weight, format!("{before}{middle}{after}")));
        }
    }
    // A route with its query after it: `cache_objects_tier_l1`.
    for route in gets().filter(literal) {
        let head = plain(route.path);
        let fits = name.strip_prefix(head.as_str()).is_some_and(|rest| rest.starts_with('_'));
        if fits && found.as_ref().is_none_or(|(best, _)| *best < head.len()) {
            found = Some((head.len(), route.path.to_owned()));
        }
    }
    found.map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names() {
        let routes = Routes::new();
        for (name, want) in [
            ("http/lmcache_status.json", Some("/status")),
            ("config_adapters", Some("/config/adapters")),
            ("periodic-threads-health", Some("/periodic-threads-health")),
            ("lmcache_periodic_threads_health.txt", Some("/periodic-threads-health")),
            ("api_healthcheck.json", Some("/api/healthcheck")),
            ("root.json", Some("/")),
            ("index", Some("/")),
            ("openapi.json", Some("/openapi.json")),
            ("cache_objects_tier_l1.json", Some("/cache/objects")),
            ("reconfigure_fs_l2_status.json", Some("/reconfigure/fs/l2/status")),
            ("reconfigure_dax_l1_status.json", Some("/reconfigure/dax/l1/status")),
            ("lmc_version.json", Some("/lmc_version")),
            ("server_info.json", Some("/server_info")),
            ("quota_default.json", Some("/quota/default")),
            ("quota_config", Some("/quota/config")),
            ("status-after-b-killed", Some("/status")),
            ("case.json", None),
            ("lmcache_.json", None),
            ("", None),
        ] {
            assert_eq!(routes.path_of_file(name).as_deref(), want, "{name}");
        }
    }
}
