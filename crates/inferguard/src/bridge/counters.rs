//! Increases of the series that the bridge asks for.

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::Source;
use coverage_model::bridge::{ASKED, Asked, Counter, Part, SideWindow, Stat, Stated};
use lmcache_prom::contract::{Catalog, Part as NamePart};
use lmcache_prom::{Scrape, Series, Timeline, Window};

use crate::measures::restart_words;
use crate::observe::number;

fn stat(part: NamePart) -> Option<Stat> {
    match part {
        NamePart::Value => Some(Stat::Value),
        NamePart::Sum => Some(Stat::Sum),
        NamePart::Count => Some(Stat::Count),
        NamePart::Bucket | NamePart::Created => None,
    }
}

/// Whether a signal is counted by this part of a process.
fn of_part(part: Part, signal: &str) -> bool {
    let prefix = match part {
        Part::Vllm => "vllm.",
        Part::Sglang => "sglang.",
        Part::Server => "mp.",
        Part::Embedded => "embedded.",
    };
    signal.starts_with(prefix)
}

/// Sample names on a page that are asked for.
fn asked<'s>(
    catalog: &Catalog,
    scrape: &'s Scrape,
    part: Part,
) -> Vec<(&'s str, &'static Asked, Stat)> {
    scrape
        .sample_names()
        .filter_map(|name| {
            let named = catalog.name(name)?;
            let signal = named.signal();
            let asked = ASKED.iter().find(|a| a.signal == signal && of_part(part, signal))?;
            Some((name, asked, stat(named.part)?))
        })
        .collect()
}

/// The labels of a series by which it stays apart.
fn kept(asked: &Asked, series: &Series<'_>) -> Vec<(&'static str, String)> {
    asked
        .labels
        .iter()
        .filter_map(|name| {
            let value = series.label(name).filter(|v| !v.is_empty())?;
            Some((*name, value.to_owned()))
        })
        .collect()
}

fn source(
    path: &str,
    name: &str,
    labels: &[(&'static str, String)],
    line: u64,
    value: f64,
) -> Source {
    let list: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
    let what =
        if list.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", list.join(",")) };
    Source { artifact: path.to_owned(), line: Some(line), what, value: Some(number(value)) }
}

type Sums = BTreeMap<Vec<(&'static str, String)>, (f64, f64, u64)>;

fn finish(
    path: &str,
    name: &str,
    asked: &'static Asked,
    stat: Stat,
    sums: Sums,
    out: &mut Vec<Counter>,
) {
    for (labels, (value, shown, line)) in sums {
        let source = source(path, name, &labels, line, shown);
        out.push(Counter { signal: asked.signal, stat, labels, value, source });
    }
}

/// Counts since the start of the process, from one page.
pub(super) fn since_start(
    catalog: &Catalog,
    timeline: &Timeline,
    part: Part,
    page: Option<usize>,
    paths: &[String],
) -> SideWindow {
    let Some(captured) = page.and_then(|page| timeline.scrapes().get(page)) else {
        return SideWindow::NotScraped;
    };
    let path = paths.get(captured.id).map_or("", String::as_str);
    let mut out = Vec::new();
    for (name, asked, stat) in asked(catalog, &captured.scrape, part) {
        if captured.scrape.created_of(name).is_some() {
            continue;
        }
        let mut sums = Sums::new();
        for series in captured.scrape.series(name).filter(|s| s.value().is_finite()) {
            let slot = sums.entry(kept(asked, &series)).or_insert((0.0, 0.0, series.line()));
            slot.0 += series.value();
            slot.1 += series.value();
        }
        finish(path, name, asked, stat, sums, &mut out);
    }
    SideWindow::Counted(out)
}

/// Increases from one page to a later one of the same process.
pub(super) fn between(
    catalog: &Catalog,
    timeline: &Timeline,
    part: Part,
    from: usize,
    to: usize,
    paths: &[String],
) -> SideWindow {
    // A window begins at the page of its own number.
    let within = || timeline.windows().get(from..to).unwrap_or(&[]).iter();
    if let Some(restart) = within().find_map(|w| w.restart.as_ref()) {
        return SideWindow::Restarted(restart_words(restart));
    }
    let Some(last) = timeline.scrapes().get(to) else { return SideWindow::NotScraped };
    let path = paths.get(last.id).map_or("", String::as_str);
    let mut out = Vec::new();
    for (name, asked, stat) in asked(catalog, &last.scrape, part) {
        let mut sums = Sums::new();
        for series in last.scrape.series(name) {
            let slot = sums.entry(kept(asked, &series)).or_insert((0.0, 0.0, series.line()));
            slot.1 += series.value();
        }
        for (labels, slot) in &mut sums {
            let same = |series: &Series<'_>| kept(asked, series) == *labels;
            let grown =
                |w: &Window| timeline.increase_where(w, name, same).map_or(0.0, |i| i.value);
            slot.0 = within().map(grown).sum();
        }
        finish(path, name, asked, stat, sums, &mut out);
    }
    SideWindow::Counted(out)
}

/// Models that the series of a part are labelled with.
pub(super) fn models(timeline: &Timeline, catalog: &Catalog, part: Part) -> Vec<String> {
    let mut out: BTreeSet<String> = BTreeSet::new();
    let Some(last) = timeline.scrapes().last() else { return vec![] };
    for (name, _, _) in asked(catalog, &last.scrape, part) {
        out.extend(
            last.scrape.series(name).filter_map(|s| s.label("model_name").map(str::to_owned)),
        );
    }
    out.into_iter().collect()
}

/// Tokens a block of the engine's cache, from its own page.
pub(super) fn block_size(timeline: &Timeline, paths: &[String]) -> Option<Stated<u64>> {
    // An information gauge has the number in a label, SGLang since 0.5.11 as its value.
    const LABELS: &[(&str, &str)] = &[
        ("vllm:cache_config_info", "_block_size_resolved"),
        ("vllm:cache_config_info", "block_size"),
        ("sglang:cache_config_info", "page_size"),
    ];
    let captured = timeline.scrapes().last()?;
    let path = paths.get(captured.id).map_or("", String::as_str);
    for (name, label) in LABELS {
        for series in captured.scrape.series(name) {
            let Some(value) = series.label(label).and_then(|v| v.parse::<u64>().ok()) else {
                continue;
            };
            let mut source = Source::new(path, format!("{name}{{{label}}}"));
            source.line = Some(series.line());
            source.value = Some(value.to_string());
            return Some(Stated { value, source });
        }
    }
    let series = captured.scrape.series("sglang:page_size").next()?;
    let value = series.value();
    if !(1.0..1e9).contains(&value) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and 1e9"
    )]
    let whole = value as u64;
    let mut source = Source::new(path, "sglang:page_size");
    source.line = Some(series.line());
    source.value = Some(whole.to_string());
    Some(Stated { value: whole, source })
}
