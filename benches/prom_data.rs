//! Inputs of the Prometheus benchmarks: real pages, and big ones grown from them.

/// Real pages: what they are, and their text.
pub const PAGES: [(&str, &str); 4] = [
    ("lmcache-0.4.6", include_str!("../crates/lmcache-prom/tests/data/lmcache-0.4.6.prom")),
    ("lmcache-0.5.6", include_str!("../crates/lmcache-prom/tests/data/lmcache-0.5.6.prom")),
    ("sglang-0.5.23", include_str!("../crates/lmcache-prom/tests/data/sglang-0.5.23.prom")),
    ("vllm-0.32.0", include_str!("../crates/lmcache-prom/tests/data/vllm-0.32.0.prom")),
];

/// A page of at least `bytes` bytes: the page's comments once, and after them its samples again
/// and again, each time with another value of a label `replica`. The same input gives the same
/// page.
pub fn grow(page: &str, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + page.len());
    let mut replica = 0;
    while out.len() < bytes {
        for line in page.lines() {
            match (line.starts_with('#'), replica) {
                (true, 0) => out.push_str(line),
                (true, _) => continue,
                (false, _) => sample(line, replica, &mut out),
            }
            out.push('\n');
        }
        replica += 1;
    }
    out
}

/// A sample line with the label `replica` at the end of its label list. (On pages with later
/// names, such as `tp_rank`, the labels are then no longer in order, as not every exporter's are.)
fn sample(line: &str, replica: u32, out: &mut String) {
    let label = format!("replica=\"r{replica}\"}}");
    if let Some((head, value)) = line.rsplit_once("} ") {
        out.push_str(head);
        out.push(',');
        out.push_str(&label);
        out.push(' ');
        out.push_str(value);
    } else if let Some((name, value)) = line.split_once(' ') {
        out.push_str(name);
        out.push('{');
        out.push_str(&label);
        out.push(' ');
        out.push_str(value);
    } else {
        out.push_str(line);
    }
}

/// The page without colons in names, for a parser that cannot read them.
pub fn without_colons(page: &str) -> String {
    page.replace("sglang:", "sglang_").replace("vllm:", "vllm_").replace("lmcache:", "lmcache_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grown_page_has_every_series_of_every_replica() {
        let (_, page) = PAGES[1];
        let grown = grow(page, 100_000);
        assert!(grown.len() >= 100_000 && grown.len() < 100_000 + 2 * page.len());
        let small = lmcache_prom::Scrape::parse(page.as_bytes()).unwrap();
        let big = lmcache_prom::Scrape::parse(grown.as_bytes()).unwrap();
        assert_eq!(big.issue_count(), 0);
        assert_eq!(big.series_count() % small.series_count(), 0);
        assert_eq!(big.sample_names().count(), small.sample_names().count());
    }
}
