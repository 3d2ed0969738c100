//! Which pages belong to the same process over time, and what to call it.
//!
//! Content decides first: two pages with one `process_start_time_seconds` come from one
//! process, two with one explicit service instance id from one server over its restarts. The
//! path decides the rest: pages beside each other whose names differ in their numbers only are
//! one series of scrapes.

use std::collections::BTreeMap;

use lmcache_prom::Scrape;
use lmcache_prom::contract::{Catalog, Component};

use crate::packet::Page;

/// What a page says of its process.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(crate) struct Identity {
    /// Products on the page, as one word: `lmcache`, `vllm`, `sglang`, `other`.
    pub(crate) product: &'static str,
    /// Start of the process, in seconds since 1970.
    pub(crate) started: Option<f64>,
    /// Explicit instance id.
    pub(crate) instance: Option<String>,
}

/// Whether a page is that of a GPU exporter, which says nothing of engine and cache.
pub(crate) fn is_gpu_exporter(scrape: &Scrape) -> bool {
    scrape.sample_names().any(|name| name.starts_with("DCGM_FI_"))
}

/// Reads a page's identity.
pub(crate) fn identity(catalog: &Catalog, scrape: &Scrape) -> Identity {
    let mut engine = None;
    let mut lmcache = None;
    for name in scrape.sample_names() {
        let Some(spelling) = catalog.name(name).and_then(|n| n.newest()) else { continue };
        match spelling.component {
            Component::Engine | Component::Connector => {
                engine.get_or_insert(if spelling.signal.starts_with("sglang.") {
                    "sglang"
                } else {
                    "vllm"
                });
            }
            Component::Coordinator => {
                lmcache.get_or_insert("coordinator");
            }
            Component::Embedded | Component::Controller => {
                lmcache.get_or_insert("lmcache-embedded");
            }
            _ => {
                lmcache.get_or_insert("lmcache");
            }
        }
    }
    let started = scrape.series("process_start_time_seconds").next().map(|s| s.value());
    let instance = scrape
        .series("target_info")
        .next()
        .and_then(|s| s.label("service_instance_id").map(str::to_owned));
    Identity { product: engine.or(lmcache).unwrap_or("other"), started, instance }
}

/// Groups pages (by index) into targets, each with its role; order of first page.
pub(crate) fn group(catalog: &Catalog, pages: &[Page]) -> Vec<(String, Vec<usize>)> {
    let identities: Vec<Identity> = pages.iter().map(|p| identity(catalog, &p.scrape)).collect();
    let keys: Vec<String> = pages
        .iter()
        .zip(&identities)
        .map(|(p, id)| {
            let given = p.given_role.as_deref().unwrap_or("");
            format!("{given}|{}|{}", id.product, series_key(&p.relative))
        })
        .collect();
    let mut parent: Vec<usize> = (0..pages.len()).collect();
    for i in 0..pages.len() {
        for j in 0..i {
            if same_target(&identities[i], &identities[j], &keys[i], &keys[j]) {
                let (a, b) = (root(&parent, i), root(&parent, j));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..pages.len() {
        groups.entry(root(&parent, i)).or_default().push(i);
    }
    let mut out: Vec<(String, Vec<usize>)> = Vec::new();
    for members in groups.into_values() {
        let role = role_of(pages, &identities, &members);
        let taken =
            out.iter().filter(|(r, _)| *r == role || r.starts_with(&format!("{role}#"))).count();
        let role = if taken == 0 { role } else { format!("{role}#{}", taken + 1) };
        out.push((role, members));
    }
    out
}

/// Leaves one feed to a target. A server may be scraped and export by OTLP too: its numbers are
/// then the scrapes', and the artifacts of its exports are named. Of exports that were written
/// twice (as text and as protobuf) one is kept.
pub(crate) fn one_feed(
    catalog: &Catalog,
    pages: Vec<(usize, Page)>,
) -> (Vec<(usize, Page)>, Vec<usize>) {
    let tells = |page: &Page| page.scrape.sample_names().any(|n| catalog.name(n).is_some());
    let scraped = pages.iter().any(|(_, page)| page.export.is_none() && tells(page));
    let (mut kept, mut left) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for (index, page) in pages {
        let Some(export) = page.export else {
            kept.push((index, page));
            continue;
        };
        if scraped {
            left.push(page.artifact);
        } else if export.at.is_none() || !times.contains(&export.at) {
            times.push(export.at);
            kept.push((index, page));
        }
    }
    left.dedup();
    (kept, left)
}

fn root(parent: &[usize], mut i: usize) -> usize {
    while parent[i] != i {
        i = parent[i];
    }
    i
}

fn same_target(a: &Identity, b: &Identity, key_a: &str, key_b: &str) -> bool {
    // A silent page (metrics off) may still be the same process as a telling one.
    if a.product != b.product && a.product != "other" && b.product != "other" {
        return false;
    }
    if let (Some(x), Some(y)) = (a.started, b.started)
        && x == y
    {
        return a.instance == b.instance || a.instance.is_none() || b.instance.is_none();
    }
    if a.product != b.product {
        return false;
    }
    if let (Some(x), Some(y)) = (&a.instance, &b.instance)
        && x == y
    {
        return true;
    }
    key_a == key_b
}

/// The path of a page with what varies from scrape to scrape taken out: `lmcache-3.prom` and
/// `lmcache-4.prom` give the same key, so do `m/01-cold.prom` and `m/02-replay.prom`.
fn series_key(relative: &str) -> String {
    let (dir, base) = relative.rsplit_once('/').unwrap_or(("", relative));
    let base = base.strip_suffix(".gz").unwrap_or(base);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    if stem.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("{dir}/#");
    }
    let name =
        stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', '.']);
    format!("{dir}/{name}")
}

/// Path components that say how a page was taken, not of whom.
const GENERIC: &[&str] = &[
    "metrics", "http", "start", "end", "loaded", "scrapes", "prom", "packets", "fixtures",
    "before", "after", "evidence", "snapshot", "raw", "otel", "otlp",
];

fn role_of(pages: &[Page], identities: &[Identity], members: &[usize]) -> String {
    let first = members.first().copied().unwrap_or(0);
    let product =
        members.iter().map(|i| identities[*i].product).find(|p| *p != "other").unwrap_or("other");
    let fallback = match product {
        "other" => {
            pages.get(first).and_then(|p| p.given_role.clone()).unwrap_or_else(|| "unknown".into())
        }
        p => p.to_owned(),
    };
    let generic = |part: &str| {
        GENERIC.contains(&part)
            || part.starts_with("http_")
            || part.starts_with("http-")
            || part.starts_with(|c: char| c.is_ascii_digit())
    };
    // A directory that names the process (`vllm-a`, `lmcache-worker0`) is its role.
    members
        .iter()
        .filter_map(|i| pages.get(*i))
        .filter(|p| p.given_role.is_none() && !p.relative.contains("://"))
        .filter_map(|p| p.relative.rsplit_once('/').map(|(dir, _)| dir))
        .filter_map(|dir| dir.split('/').find(|part| !part.is_empty() && !generic(part)))
        .map(str::to_owned)
        .next()
        .or_else(|| {
            let page = pages.get(first)?;
            let base = page.relative.rsplit('/').next()?;
            let stem = base.split('.').next()?;
            let stem =
                stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_']);
            // `lmcache_metrics.prom` of a collected packet is the page of `lmcache`.
            let stem = stem.strip_suffix("_metrics").unwrap_or(stem);
            let telling =
                ["lmcache", "vllm", "sglang", "engine", "prefill", "decode", "coordinator"]
                    .iter()
                    .any(|w| stem.starts_with(w));
            (telling && page.given_role.is_none()).then(|| stem.to_owned())
        })
        .unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(relative: &str, text: &str) -> Page {
        Page {
            artifact: 0,
            relative: relative.to_owned(),
            given_role: None,
            export: None,
            scrape: Scrape::parse(text.as_bytes()).unwrap(),
        }
    }

    const MP: &str = "lmcache_mp_l1_usage_ratio 0\nprocess_start_time_seconds ";

    fn groups(pages: &[(&str, &str)]) -> Vec<(String, Vec<usize>)> {
        let pages: Vec<Page> = pages.iter().map(|(p, t)| page(p, t)).collect();
        group(&Catalog::new(), &pages)
    }

    #[test]
    fn scrapes_of_one_process_are_one_target_wherever_they_lie() {
        let a = format!("{MP}10\n");
        let g =
            groups(&[("lmcache-0.prom", &a), ("http/metrics.prom", &a), ("lmcache-1.prom", &a)]);
        assert_eq!(g, [("lmcache".to_owned(), vec![0, 1, 2])]);
    }

    #[test]
    fn a_restart_keeps_its_target_and_two_servers_stay_two() {
        let (a, b) = (format!("{MP}10\n"), format!("{MP}20\n"));
        let g = groups(&[("lmcache-0.prom", &a), ("lmcache-1.prom", &b)]);
        assert_eq!(g, [("lmcache".to_owned(), vec![0, 1])]);
        let g = groups(&[("lmcache-a/metrics/0.prom", &a), ("lmcache-b/metrics/0.prom", &b)]);
        assert_eq!(g, [("lmcache-a".to_owned(), vec![0]), ("lmcache-b".to_owned(), vec![1])]);
    }

    #[test]
    fn exports_count_where_no_page_does_and_once() {
        let export = |at, text: &str| {
            let export = Some(crate::packet::Export { at: Some(at), line: None });
            (0, Page { export, ..page("otel/metrics.jsonl", text) })
        };
        let left = |pages| {
            let (kept, left) = one_feed(&Catalog::new(), pages);
            (kept.len(), left)
        };
        let page = |text| (0, page("lmcache-0.prom", text));
        let one = || export(1.0, "lmcache_mp_l1_usage_ratio 0\n");
        // The same export as text and as protobuf.
        assert_eq!(
            left(vec![one(), one(), export(2.0, "lmcache_mp_l1_usage_ratio 0\n")]),
            (2, vec![])
        );
        // A page that tells nothing (metrics go out by OTLP only) does not silence the exports.
        assert_eq!(left(vec![page("python_info 1\n"), one()]), (2, vec![]));
        assert_eq!(left(vec![page("lmcache_mp_l1_usage_ratio 0\n"), one()]), (1, vec![0]));
    }

    #[test]
    fn a_gpu_exporter_is_told_by_its_names() {
        let is = |text: &str| is_gpu_exporter(&page("x", text).scrape);
        assert!(is("DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} 9\n") && !is("vllm:prompt_tokens_total 1\n"));
    }

    #[test]
    fn an_engine_and_its_cache_are_two_targets() {
        let g = groups(&[
            ("run/vllm.prom", "vllm:prompt_tokens_total 1\n"),
            ("run/lmcache.prom", "lmcache_mp_l1_usage_ratio 0\n"),
        ]);
        assert_eq!(g.len(), 2);
    }
}
