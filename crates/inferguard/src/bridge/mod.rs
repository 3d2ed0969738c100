//! What the bridge is fed: windows that engines and LMCache share, and the increases in them.

mod counters;
pub(crate) mod facts;
mod moments;

use coverage_model::bridge::{
    BridgeInput, Declared, Part, RequestTimes, Side, SideWindow, WindowInput,
};
use coverage_model::{Evidence, Source, Target};
use lmcache_prom::Timeline;
use lmcache_prom::contract::Catalog;

use crate::lanes::LaneRows;
use moments::Moment;

/// One target with its pages.
pub(crate) struct Paged<'a> {
    pub(crate) target: &'a Target,
    pub(crate) timeline: &'a Timeline,
}

/// What a target is to the bridge; an engine with LMCache on its page is both.
fn parts(target: &Target) -> Vec<Part> {
    let shows = |prefix: &str| target.signals.keys().any(|s| s.starts_with(prefix));
    let mut out = Vec::new();
    if target.signals.keys().any(|s| s.starts_with("vllm.") && !s.starts_with("vllm.lmcache_mp_")) {
        out.push(Part::Vllm);
    }
    if shows("sglang.") {
        out.push(Part::Sglang);
    }
    if !target.is_coordinator() && (shows("mp.") || shows("blend.")) {
        out.push(Part::Server);
    }
    if shows("embedded.") {
        out.push(Part::Embedded);
    }
    out
}

/// Gathers the input. `paths` names pages by the ids of their scrapes.
pub(crate) fn input(
    catalog: &Catalog,
    evidence: &Evidence,
    timelines: &[Timeline],
    paths: &[String],
    lanes: &LaneRows,
    declared: Declared,
    before: &[RequestTimes],
) -> BridgeInput {
    let pages: Vec<Paged<'_>> = evidence
        .targets
        .iter()
        .zip(timelines)
        .map(|(target, timeline)| Paged { target, timeline })
        .collect();
    let taking_part: Vec<(usize, Vec<Part>)> = pages
        .iter()
        .enumerate()
        .map(|(at, page)| (at, parts(page.target)))
        .filter(|(_, parts)| !parts.is_empty())
        .collect();
    let own: Vec<&Timeline> =
        taking_part.iter().filter_map(|(at, _)| pages.get(*at).map(|p| p.timeline)).collect();
    let reference = reference(&taking_part, &own);
    let moments = moments::shared(&own, reference, paths);
    let of = |keep: fn(&Part) -> bool| -> Vec<usize> {
        (0..taking_part.len())
            .filter(|slot| taking_part.get(*slot).is_some_and(|(_, parts)| parts.iter().any(keep)))
            .collect()
    };
    let (servers, engines) = (of(|p| *p == Part::Server), of(|p| p.is_engine()));
    let windows = moments::windows(&moments, &own, reference, paths, catalog, (&servers, &engines));
    let mut out = BridgeInput { declared, before: before.to_vec(), ..BridgeInput::default() };
    for (slot, (at, parts)) in taking_part.iter().enumerate() {
        let Some(page) = pages.get(*at) else { continue };
        let engine = parts.iter().copied().find(|p| p.is_engine());
        for part in parts {
            let mut side = Side::new(page.target.role.clone(), *part);
            if let Some(inference) = page.target.releases.get(&part.product()) {
                side.min = inference.min();
                side.max = inference.max();
            }
            if *part == Part::Embedded && engine.is_some() {
                side.inside = Some(page.target.role.clone());
            }
            side.models = counters::models(page.timeline, catalog, *part);
            if part.is_engine() {
                side.block_size = counters::block_size(page.timeline, paths);
            }
            side.windows = side_windows(catalog, page, *part, &moments, slot, paths);
            out.sides.push(side);
        }
    }
    out.windows = windows;
    let server = out.caches().any(|c| c.part == Part::Server);
    out.silent_cache = evidence
        .targets
        .iter()
        .filter(|t| !server && t.is_silent() && t.process_series)
        .find_map(|t| t.artifacts.first())
        .map(|path| Source::new(path.clone(), "a page without LMCache series"));
    out.dropped_events = evidence
        .targets
        .iter()
        .find(|t| t.nonzero("mp.event_bus.dropped_events"))
        .and_then(|t| t.signals.get("mp.event_bus.dropped_events")?.source.clone());
    facts::add(&mut out, evidence, lanes);
    attach(&mut out);
    out
}

/// The target whose pages set the windows: of engines, or of caches where there is no engine,
/// the one with the most pages.
fn reference(taking_part: &[(usize, Vec<Part>)], own: &[&Timeline]) -> usize {
    let engine = |slot: usize| {
        taking_part.get(slot).is_some_and(|(_, parts)| parts.iter().any(|p| p.is_engine()))
    };
    (0..own.len())
        .max_by_key(|slot| {
            let pages = own.get(*slot).map_or(0, |t| t.scrapes().len());
            (engine(*slot), pages, std::cmp::Reverse(*slot))
        })
        .unwrap_or(0)
}

/// Pages of LMCache inside an engine belong to the one engine there is.
fn attach(out: &mut BridgeInput) {
    let engines: Vec<String> = out.engines().map(|e| e.role.clone()).collect();
    for side in out.sides.iter_mut().filter(|s| s.part == Part::Embedded && s.inside.is_none()) {
        side.inside = match engines.as_slice() {
            [only] => Some(only.clone()),
            _ => engines.iter().find(|e| side.role.contains(e.as_str())).cloned(),
        };
    }
}

fn side_windows(
    catalog: &Catalog,
    page: &Paged<'_>,
    part: Part,
    moments: &[Moment],
    slot: usize,
    paths: &[String],
) -> Vec<SideWindow> {
    if let [only] = moments {
        return vec![counters::since_start(catalog, page.timeline, part, only.page(slot), paths)];
    }
    moments
        .windows(2)
        .map(|pair| match pair {
            [from, to] => match (from.page(slot), to.page(slot)) {
                (Some(a), Some(b)) => counters::between(catalog, page.timeline, part, a, b, paths),
                _ => SideWindow::NotScraped,
            },
            _ => SideWindow::NotScraped,
        })
        .collect()
}

/// A window that is still to be filled.
fn window(from: Option<&str>, to: &str) -> WindowInput {
    WindowInput { from: from.map(str::to_owned), to: to.to_owned(), ..WindowInput::default() }
}
