//! The tables, indexed by name, by OTLP name and by signal.

use std::collections::{BTreeMap, HashMap};

use super::release::Release;
use super::spelling::{EventRule, Product, SeriesType, Spelling};
use super::tables;

/// Which sample of a family a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The value of a counter, a gauge or a summary's quantile.
    Value,
    /// A cumulative bucket of a histogram.
    Bucket,
    /// The sum of a histogram or summary.
    Sum,
    /// The number of observations of a histogram or summary.
    Count,
    /// A `_created` timestamp: never a value.
    Created,
}

/// In which form a name was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// As the product exposes it.
    Exposed,
    /// As an OTLP feed names it (`lmcache_mp.l1_read`).
    Otel,
    /// As an exporter rewrote it: `:` to `_`, or `_total` left out.
    Normalised,
}

/// A sample name that the contract knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'c> {
    /// Spellings that this name stands for, oldest first; never empty, and all of one signal
    /// in one release.
    pub spellings: &'c [&'static Spelling],
    /// Which sample of the family.
    pub part: Part,
    /// How it was written.
    pub form: Form,
}

impl Named<'_> {
    /// The signal of the newest spelling.
    pub fn signal(&self) -> &'static str {
        self.newest().map_or("", |s| s.signal)
    }

    /// The newest spelling.
    pub fn newest(&self) -> Option<&'static Spelling> {
        self.spellings.last().copied()
    }

    /// The spelling that `release` has.
    pub fn in_release(&self, release: Release) -> Option<&'static Spelling> {
        self.spellings.iter().copied().find(|s| s.in_release(release))
    }
}

/// The contract tables with their indexes. Building one takes about 100 µs; hold on to it.
#[derive(Debug, Clone)]
pub struct Catalog {
    by_name: HashMap<&'static str, Vec<&'static Spelling>>,
    by_otel: HashMap<&'static str, Vec<&'static Spelling>>,
    by_signal: BTreeMap<&'static str, Vec<&'static Spelling>>,
    events: BTreeMap<&'static str, &'static EventRule>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

const SUFFIXES: [(&str, Part); 3] =
    [("_bucket", Part::Bucket), ("_sum", Part::Sum), ("_count", Part::Count)];

impl Catalog {
    /// Indexes the built-in tables.
    pub fn new() -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_otel: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_signal: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for spelling in tables::TABLES.iter().flat_map(|table| table.iter()) {
            by_name.entry(spelling.name).or_default().push(spelling);
            if !spelling.otel.is_empty() {
                by_otel.entry(spelling.otel).or_default().push(spelling);
            }
            by_signal.entry(spelling.signal).or_default().push(spelling);
        }
        for list in by_name.values_mut().chain(by_otel.values_mut()).chain(by_signal.values_mut()) {
            list.sort_by_key(|s| s.from);
        }
        let events = tables::EVENTS.iter().map(|rule| (rule.event, rule)).collect();
        Self { by_name, by_otel, by_signal, events }
    }

    /// What a sample name stands for, in any of its accepted forms; `None` for a name that no
    /// examined release has.
    pub fn name(&self, sample: &str) -> Option<Named<'_>> {
        self.exposed(sample, Form::Exposed)
            .or_else(|| self.otel(sample))
            .or_else(|| self.normalised(sample))
    }

    fn exposed(&self, sample: &str, form: Form) -> Option<Named<'_>> {
        if let Some(spellings) = self.by_name.get(sample) {
            let part = Part::Value;
            return Some(Named { spellings, part, form });
        }
        for (suffix, part) in SUFFIXES {
            if let Some(spellings) =
                sample.strip_suffix(suffix).and_then(|base| self.by_name.get(base))
                && spellings
                    .iter()
                    .any(|s| matches!(s.kind, SeriesType::Histogram | SeriesType::Summary))
            {
                return Some(Named { spellings, part, form });
            }
        }
        let base = sample.strip_suffix("_created")?;
        let part = Part::Created;
        let total;
        let key = if self.by_name.contains_key(base) {
            base
        } else {
            total = format!("{base}_total");
            total.as_str()
        };
        self.by_name.get(key).map(|spellings| Named { spellings, part, form })
    }

    fn otel(&self, sample: &str) -> Option<Named<'_>> {
        if !sample.contains('.') {
            return None;
        }
        let form = Form::Otel;
        if let Some(spellings) = self.by_otel.get(sample) {
            return Some(Named { spellings, part: Part::Value, form });
        }
        for (suffix, part) in SUFFIXES.into_iter().chain([("_total", Part::Value)]) {
            if let Some(spellings) =
                sample.strip_suffix(suffix).and_then(|base| self.by_otel.get(base))
            {
                return Some(Named { spellings, part, form });
            }
        }
        None
    }

    fn normalised(&self, sample: &str) -> Option<Named<'_>> {
        let form = Form::Normalised;
        for (prefix, real) in
            [("lmcache_", "lmcache:"), ("vllm_", "vllm:"), ("sglang_", "sglang:"), ("", "")]
        {
            let Some(rest) = sample.strip_prefix(prefix) else { continue };
            let name = format!("{real}{rest}");
            if !prefix.is_empty()
                && let Some(named) = self.exposed(&name, form)
            {
                return Some(named);
            }
            if let Some(spellings) = self.by_name.get(format!("{name}_total").as_str()) {
                return Some(Named { spellings, part: Part::Value, form });
            }
        }
        None
    }

    /// All spellings of a signal, oldest first; empty for an unknown id.
    pub fn signal(&self, id: &str) -> &[&'static Spelling] {
        self.by_signal.get(id).map_or(&[], Vec::as_slice)
    }

    /// All signals in order of their ids, each with its spellings.
    pub fn signals(&self) -> impl Iterator<Item = (&'static str, &[&'static Spelling])> {
        self.by_signal.iter().map(|(id, list)| (*id, list.as_slice()))
    }

    /// All spellings of all tables.
    pub fn spellings(&self) -> impl Iterator<Item = &'static Spelling> + use<> {
        tables::TABLES.iter().flat_map(|table| table.iter())
    }

    /// What an event proves about others.
    pub fn event(&self, id: &str) -> Option<&'static EventRule> {
        self.events.get(id).copied()
    }

    /// All event rules in order of their ids.
    pub fn events(&self) -> impl Iterator<Item = &'static EventRule> {
        self.events.values().copied()
    }

    /// Examined releases of a product, oldest first.
    pub fn releases(&self, product: Product) -> &'static [Release] {
        match product {
            Product::Lmcache => tables::LMCACHE,
            Product::Vllm => tables::VLLM,
            Product::Sglang => tables::SGLANG,
        }
    }

    /// The examined release whose contract a release has: the last one that is not newer. `None` for
    /// a release from before the first of them.
    pub fn examined(&self, product: Product, release: Release) -> Option<Release> {
        self.releases(product).iter().rev().find(|r| **r <= release).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal_of(name: &str) -> Option<(&'static str, Part, Form)> {
        let catalog = Catalog::new();
        catalog.name(name).map(|n| (n.signal(), n.part, n.form))
    }

    #[test]
    fn every_accepted_form_of_a_name_finds_its_signal() {
        use Form::{Exposed, Normalised, Otel};
        for (name, want) in [
            ("lmcache_mp_l1_read_chunks_total", ("mp.l1.read", Part::Value, Exposed)),
            ("lmcache_mp_l1_read_chunks", ("mp.l1.read", Part::Value, Normalised)),
            ("lmcache_mp.l1_read", ("mp.l1.read", Part::Value, Otel)),
            ("lmcache_mp:l1_read_keys_total", ("mp.l1.read", Part::Value, Exposed)),
            (
                "lmcache_mp_l1_chunk_lifetime_seconds_bucket",
                ("mp.l1.chunk_lifetime", Part::Bucket, Exposed),
            ),
            ("lmcache_mp.l1_chunk_lifetime_count", ("mp.l1.chunk_lifetime", Part::Count, Otel)),
            ("lmcache:num_hit_tokens_total", ("embedded.num_hit_tokens", Part::Value, Exposed)),
            ("lmcache:num_hit_tokens", ("embedded.num_hit_tokens", Part::Value, Normalised)),
            ("lmcache_num_hit_tokens_total", ("embedded.num_hit_tokens", Part::Value, Normalised)),
            ("lmcache_num_hit_tokens", ("embedded.num_hit_tokens", Part::Value, Normalised)),
            ("lmcache:num_hit_tokens_created", ("embedded.num_hit_tokens", Part::Created, Exposed)),
            ("lmcache_time_to_store_sum", ("embedded.time_to_store", Part::Sum, Normalised)),
            ("vllm:prompt_tokens_total", ("vllm.prompt_tokens", Part::Value, Exposed)),
            ("vllm_prompt_tokens_total", ("vllm.prompt_tokens", Part::Value, Normalised)),
            (
                "vllm:iteration_tokens_total_bucket",
                ("vllm.iteration_tokens", Part::Bucket, Exposed),
            ),
            (
                "lmcache_mp_event_bus_dropped_events_total",
                ("mp.event_bus.dropped_events", Part::Value, Exposed),
            ),
        ] {
            assert_eq!(signal_of(name), Some(want), "{name}");
        }
    }

    #[test]
    fn foreign_names_are_not_claimed() {
        for name in
            ["lmcache_exporter_up", "lmcache_mp_", "process_cpu_seconds_total", "up", "", "vllm:"]
        {
            assert_eq!(signal_of(name), None, "{name}");
        }
    }

    #[test]
    fn in_any_release_a_name_spells_one_signal() {
        let catalog = Catalog::new();
        #[expect(clippy::iter_over_hash_type, reason = "every entry is checked")]
        for list in catalog.by_name.values() {
            for (i, a) in list.iter().enumerate() {
                for b in &list[i + 1..] {
                    let apart = a.to.is_some_and(|to| to < b.from);
                    assert!(apart, "{} stands for two spellings at once", a.name);
                }
            }
        }
    }

    #[test]
    fn a_signal_has_one_spelling_a_release_and_renames_are_adjacent() {
        let catalog = Catalog::new();
        for (id, list) in catalog.signals() {
            for pair in list.windows(2) {
                let releases = catalog.releases(pair[0].product());
                let to = pair[0].to.unwrap_or_else(|| panic!("{id}: overlap"));
                // `l2_adapters` was split: both halves keep one of the two ids.
                let at = releases.iter().position(|r| *r == to).unwrap();
                assert_eq!(
                    releases[at + 1],
                    pair[1].from,
                    "{id}: {} -> {}",
                    pair[0].name,
                    pair[1].name
                );
            }
        }
    }

    #[test]
    fn dates_lie_within_the_examined_releases() {
        let catalog = Catalog::new();
        for s in catalog.spellings() {
            let releases = catalog.releases(s.product());
            assert!(releases.contains(&s.from), "{} from {}", s.name, s.from);
            if let Some(to) = s.to {
                assert!(releases.contains(&to) && s.from <= to, "{} to {to}", s.name);
            }
        }
    }
}
