//! Moments at which engines and LMCache were read together.
//!
//! Each process has scrapes of its own. Pages of the same name taken at about the same time are
//! of one moment; without times, pages of the same name are; without either, pages in the same
//! place of series of equal length are.

use std::collections::HashMap;

use coverage_model::bridge::{QUEUES, WindowInput};
use lmcache_prom::contract::{Catalog, Part as NamePart};
use lmcache_prom::{Captured, Scrape, Timeline};

/// One moment: the page of each process, by its place in the process' timeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    pages: Vec<Option<usize>>,
    /// Most seconds between its pages.
    skew: Option<f64>,
}

impl Moment {
    pub(super) fn page(&self, slot: usize) -> Option<usize> {
        self.pages.get(slot).copied().flatten()
    }
}

/// The moments, in the order of the reference's pages. Without a second page there is one. A
/// process that was read at other times altogether (exports every 10 s beside scrapes) shares
/// the whole run only.
pub(super) fn shared(own: &[&Timeline], reference: usize, paths: &[String]) -> Vec<Moment> {
    let moments = beside(own, reference, paths);
    let joint =
        |slot: usize| moments.windows(2).any(|pair| pair.iter().all(|m| m.page(slot).is_some()));
    let apart = |slot: usize| {
        let pages = own.get(slot).map_or(0, |t| t.scrapes().len());
        pages > 1 && !joint(slot)
    };
    if moments.len() < 2 || !(0..own.len()).any(apart) {
        return moments;
    }
    whole_run(own, reference).unwrap_or(moments)
}

/// The ends of the reference's run, and of each other process the pages around them.
fn whole_run(own: &[&Timeline], reference: usize) -> Option<Vec<Moment>> {
    let lead = own.get(reference)?;
    let last = lead.scrapes().len().checked_sub(1)?;
    let (start, end) = (time(lead, 0)?, time(lead, last)?);
    let empty = Moment { pages: vec![None; own.len()], skew: None };
    let mut moments = [empty.clone(), empty];
    for (slot, timeline) in own.iter().enumerate() {
        let times =
            || timeline.scrapes().iter().enumerate().filter_map(|(at, c)| Some((at, c.time?)));
        let before = times().rfind(|(_, t)| *t <= start);
        let after = times().find(|(_, t)| *t >= end);
        let found = if slot == reference {
            [Some((0, start)), Some((last, end))]
        } else {
            [before.or_else(|| times().next()), after.or_else(|| times().next_back())]
        };
        for ((moment, found), edge) in moments.iter_mut().zip(found).zip([start, end]) {
            let Some((at, t)) = found else { continue };
            if let Some(page) = moment.pages.get_mut(slot) {
                *page = Some(at);
            }
            let apart = (t - edge).abs();
            moment.skew = Some(moment.skew.map_or(apart, |s| s.max(apart)));
        }
    }
    Some(moments.to_vec())
}

/// A process' pages by name, to be asked many times.
struct Names<'a> {
    timeline: &'a Timeline,
    by_name: HashMap<String, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn of(timeline: &'a Timeline, paths: &[String]) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, captured) in timeline.scrapes().iter().enumerate() {
            by_name.entry(stem(captured, paths)).or_default().push(at);
        }
        Self { timeline, by_name }
    }
}

/// The name of a page without its ending.
fn stem(captured: &Captured, paths: &[String]) -> String {
    let path = paths.get(captured.id).map_or("", String::as_str);
    let base = path.rsplit('/').next().unwrap_or(path);
    base.split('.').next().unwrap_or(base).to_owned()
}

/// Moments by the pages that lie beside each other.
fn beside(own: &[&Timeline], reference: usize, paths: &[String]) -> Vec<Moment> {
    let Some(lead) = own.get(reference) else { return vec![] };
    let names: Vec<Names<'_>> = own.iter().map(|timeline| Names::of(timeline, paths)).collect();
    let mut out: Vec<Moment> = Vec::new();
    let mut used: Vec<Option<usize>> = vec![None; own.len()];
    let last = lead.scrapes().len().saturating_sub(1);
    for at in 0..lead.scrapes().len() {
        let mut moment = Moment { pages: vec![None; own.len()], skew: None };
        for (slot, others) in names.iter().enumerate() {
            let found = if slot == reference {
                Some(at)
            } else if last == 0 {
                // One page of the engine: the last of the others is nearest to "now".
                others.timeline.scrapes().len().checked_sub(1)
            } else {
                partner(lead, at, others, used.get(slot).copied().flatten(), paths)
            };
            if let Some(page) = moment.pages.get_mut(slot) {
                *page = found;
            }
            if let (Some(found), Some(used)) = (found, used.get_mut(slot)) {
                *used = Some(found);
                let apart =
                    time(lead, at).zip(time(others.timeline, found)).map(|(a, b)| (a - b).abs());
                moment.skew = match (moment.skew, apart) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        out.push(moment);
    }
    out
}

fn time(timeline: &Timeline, at: usize) -> Option<f64> {
    timeline.scrapes().get(at)?.time
}

/// The page of another process that was taken with the reference's page `at`.
fn partner(
    lead: &Timeline,
    at: usize,
    others: &Names<'_>,
    used: Option<usize>,
    paths: &[String],
) -> Option<usize> {
    let other = others.timeline;
    let free = used.map_or(0, |used| used + 1);
    let own = lead.scrapes().get(at)?;
    let named = stem(own, paths);
    let same_name = || {
        let places = others.by_name.get(&named).filter(|_| !named.is_empty());
        places.into_iter().flatten().copied().filter(|place| *place >= free)
    };
    let Some(now) = own.time else {
        let as_many = lead.scrapes().len() == other.scrapes().len();
        return same_name().next().or_else(|| (as_many && at >= free).then_some(at));
    };
    // Nearer to this page than to its neighbours.
    let gap = [at.checked_sub(1), Some(at + 1)]
        .into_iter()
        .flatten()
        .filter_map(|neighbour| time(lead, neighbour))
        .map(|t| (t - now).abs())
        .fold(f64::INFINITY, f64::min);
    let apart = |place: usize| time(other, place).map(|t| (t - now).abs());
    let near = |place: usize| apart(place).filter(|apart| *apart <= gap / 2.0);
    let by_name = same_name().find(|p| apart(*p).is_none() || near(*p).is_some());
    by_name.or_else(|| {
        // Pages are in order of time: the nearest is the last before or the first after.
        let after = other.scrapes().partition_point(|c| c.time.is_some_and(|t| t < now));
        [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter(|place| *place >= free)
            .filter_map(|place| Some((place, near(place)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(place, _)| place)
    })
}

/// The windows between the moments. `kinds` are the places of servers and of engines in `own`.
pub(super) fn windows(
    moments: &[Moment],
    own: &[&Timeline],
    reference: usize,
    paths: &[String],
    catalog: &Catalog,
    kinds: (&[usize], &[usize]),
) -> Vec<WindowInput> {
    let Some(lead) = own.get(reference) else { return vec![] };
    let path = |moment: &Moment| {
        let captured = lead.scrapes().get(moment.page(reference)?)?;
        paths.get(captured.id).map(String::as_str)
    };
    if let [only] = moments {
        let mut window = super::window(None, path(only).unwrap_or(""));
        window.since_start = true;
        window.settled_to = settled(only, own, catalog);
        window.not_comparable = started_later(only, own, kinds.0, kinds.1);
        window.notes.push("one page a process: counts since each process' start".into());
        return vec![window];
    }
    moments
        .windows(2)
        .filter_map(|pair| match pair {
            [from, to] => Some((from, to)),
            _ => None,
        })
        .map(|(from, to)| {
            let mut window = super::window(path(from), path(to).unwrap_or(""));
            let at = |moment: &Moment| moment.page(reference).and_then(|page| time(lead, page));
            window.seconds = at(from).zip(at(to)).map(|(a, b)| b - a).filter(|s| *s >= 0.0);
            window.settled_from = settled(from, own, catalog);
            window.settled_to = settled(to, own, catalog);
            window.skew_seconds = [from.skew, to.skew].into_iter().flatten().reduce(f64::max);
            // Pages of one collection lie within a second or two of each other.
            if let Some(apart) = window.skew_seconds.filter(|s| *s > 2.0) {
                window.notes.push(format!(
                    "the pages of the processes lie up to {apart:.0} s apart: what happened between them is on one side only"
                ));
            }
            window
        })
        .collect()
}

/// Whether no request was under way, by the engines' gauges.
fn settled(moment: &Moment, own: &[&Timeline], catalog: &Catalog) -> Option<bool> {
    let mut all: Option<bool> = None;
    for (slot, timeline) in own.iter().enumerate() {
        let Some(captured) = moment.page(slot).and_then(|page| timeline.scrapes().get(page)) else {
            continue;
        };
        for name in captured.scrape.sample_names() {
            let Some(named) = catalog.name(name) else { continue };
            if named.part == NamePart::Value && QUEUES.contains(&named.signal()) {
                let idle = captured.scrape.series(name).all(|s| s.value() == 0.0);
                all = Some(all.unwrap_or(true) && idle);
            }
        }
    }
    all
}

/// A server that started after an engine has not counted all that the engine has.
fn started_later(
    moment: &Moment,
    own: &[&Timeline],
    servers: &[usize],
    engines: &[usize],
) -> Option<String> {
    let of = |slots: &[usize]| -> Vec<f64> {
        slots
            .iter()
            .filter_map(|slot| own.get(*slot)?.scrapes().get(moment.page(*slot)?))
            .filter_map(|captured| start(&captured.scrape))
            .collect()
    };
    let engine = of(engines).into_iter().reduce(f64::min)?;
    let server = of(servers).into_iter().reduce(f64::max)?;
    (server > engine).then(|| {
        format!("the LMCache server started {:.0} s after the engine: what the engine served before is not in its counts", server - engine)
    })
}

fn start(scrape: &Scrape) -> Option<f64> {
    scrape.series("process_start_time_seconds").next().map(|s| s.value())
}
