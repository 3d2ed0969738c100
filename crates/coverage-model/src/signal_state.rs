//! What one signal's presence or absence means in one target.

use std::collections::BTreeMap;

use lmcache_prom::contract::{Catalog, Component, Product, Release, Spelling, When};

use crate::evidence::Target;
use crate::families::FAMILIES;
use crate::feature::{self, InUse, Without};
use crate::proof::{Proven, sighting};
use crate::vocabulary::Status;

/// The judgement on one signal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) status: Status,
    /// Names that were seen.
    pub(crate) seen: Vec<String>,
    /// Names that this release would use.
    pub(crate) expected: Vec<&'static str>,
    /// Why, as a phrase.
    pub(crate) because: String,
    pub(crate) series: u64,
    pub(crate) nonzero: u64,
}

/// A target with everything that its judgements need.
pub(crate) struct Context<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) target: &'a Target,
    pub(crate) in_use: InUse,
    pub(crate) proven: Proven,
    /// Number of events that the event bus dropped, as a phrase, if any.
    pub(crate) dropped: Option<String>,
    /// Why an absence proves nothing on this target's pages, if they look like an excerpt.
    pub(crate) excerpt: Option<String>,
    /// Products whose release is newer than the contract, and why an absence proves nothing then.
    pub(crate) beyond: BTreeMap<Product, String>,
}

impl Context<'_> {
    fn candidates(&self, product: Product) -> Vec<Release> {
        match self.target.releases.get(&product) {
            Some(inference) => inference.candidates.clone(),
            None => self.catalog.releases(product).to_vec(),
        }
    }

    fn cohort_witness(&self, cohort: &str, except: &str) -> Option<String> {
        self.target
            .signals
            .keys()
            .filter(|id| **id != except)
            .find(|id| {
                self.catalog
                    .signal(id)
                    .iter()
                    .any(|s| matches!(s.when, When::With(c) if c == cohort))
            })
            .map(|id| sighting(self.target, id))
    }
}

/// Judges a signal in a target whose product is proven to run.
pub(crate) fn judge(context: &Context<'_>, signal: &str) -> State {
    let mut state = judge_whole(context, signal);
    if state.status != Status::Missing {
        return state;
    }
    let product = context.catalog.signal(signal).first().map(|s| s.product());
    let beyond = product.and_then(|p| context.beyond.get(&p));
    if let Some(why) = beyond.or(context.excerpt.as_ref()) {
        state.status = Status::Unknown;
        state.because.clone_from(why);
    }
    state
}

/// Whether the pages look like an excerpt: provably absent series that lie in more than one
/// family. One family that is gone is a family that is missing; holes all over the page are a
/// filter or a cut, and then no absence proves anything. One is enough where the page shows by
/// other series that something was taken off it.
pub(crate) fn excerpt(context: &Context<'_>) -> Option<String> {
    let products: Vec<Product> = context.target.releases.keys().copied().collect();
    let mut gone: Vec<(&str, &str)> = Vec::new();
    let mut due = 0usize;
    for (id, list) in context.catalog.signals() {
        if !list.first().is_some_and(|s| products.contains(&s.product())) {
            continue;
        }
        let state = judge_whole(context, id);
        match state.status {
            Status::Missing => {
                due += 1;
                gone.push((id, state.expected.last().copied().unwrap_or(id)));
            }
            Status::Populated | Status::Zero => due += 1,
            _ => {}
        }
    }
    let one_family = FAMILIES.iter().any(|f| gone.iter().all(|(id, _)| f.contains(id)));
    let taken_off = context.target.taken_off.as_deref();
    if gone.is_empty() || taken_off.is_none() && (gone.len() < 2 || one_family) {
        return None;
    }
    let some: Vec<&str> = gone.iter().map(|(_, name)| *name).take(3).collect();
    let more = if gone.len() > some.len() { ", ..." } else { "" };
    let also = taken_off.map_or(String::new(), |what| format!(", and {what}"));
    Some(format!(
        "{} of {due} series that belong together are not on the page ({}{more}){also}: it looks like an excerpt or a \
         filtered scrape, where an absence proves nothing",
        gone.len(),
        some.join(", ")
    ))
}

fn judge_whole(context: &Context<'_>, signal: &str) -> State {
    let spellings = context.catalog.signal(signal);
    let product = spellings.first().map_or(Product::Lmcache, |s| s.product());
    let candidates = context.candidates(product);
    let mut expected: Vec<&'static str> = spellings
        .iter()
        .filter(|s| candidates.iter().any(|r| s.in_release(*r)))
        .map(|s| s.name)
        .collect();
    expected.dedup();
    let mut state = State {
        status: Status::Unknown,
        seen: vec![],
        expected,
        because: String::new(),
        series: 0,
        nonzero: 0,
    };
    if let Some(observed) = context.target.signals.get(signal) {
        state.seen = observed.names.iter().cloned().collect();
        state.series = observed.series;
        state.nonzero = observed.nonzero;
        state.status = if observed.nonzero > 0 { Status::Populated } else { Status::Zero };
        state.because = sighting(context.target, signal);
        return state;
    }
    let (status, because) = absent(context, signal, spellings, &candidates);
    state.status = status;
    state.because = because;
    state
}

fn absent(
    context: &Context<'_>,
    signal: &str,
    spellings: &[&'static Spelling],
    candidates: &[Release],
) -> (Status, String) {
    let in_all: Vec<&&Spelling> =
        spellings.iter().filter(|s| candidates.iter().any(|r| s.in_release(*r))).collect();
    let Some(spelling) = in_all.last() else {
        let relatives = relatives_of(context.catalog, spellings, candidates);
        return (Status::NotApplicable, not_in_release(spellings, candidates, &relatives));
    };
    for need in spelling.needs.iter().filter(|n| !context.in_use.has(n)) {
        if let Some(feature) = feature::describe(need) {
            let status = match feature.without {
                Without::NotApplicable => Status::NotApplicable,
                Without::NotEmitted => Status::NotEmitted,
            };
            return (status, feature.absent.to_owned());
        }
    }
    let surely = candidates.iter().all(|r| spellings.iter().any(|s| s.in_release(*r)));
    let bound = |proof: String| {
        if surely {
            (Status::Missing, format!("it should be there: {proof}"))
        } else {
            let since = spelling.from;
            (
                Status::Unknown,
                format!(
                    "only releases from {since} on have it, and the release is not that certain"
                ),
            )
        }
    };
    let proven = match spelling.when {
        When::With(cohort) => context.cohort_witness(cohort, signal).is_some(),
        When::After(event) => context.proven.why(event).is_some(),
        _ => true,
    };
    if !surely && !proven {
        let fate = match spelling.to {
            Some(to) => format!("only releases to {to} have it"),
            None => format!("only releases from {} on have it", spelling.from),
        };
        return (Status::Unknown, format!("{fate}, and the release is not that certain"));
    }
    match spelling.when {
        When::With(cohort) => match context.cohort_witness(cohort, signal) {
            Some(witness) => bound(format!("{witness}, and both are registered together")),
            None if spelling.component == Component::Embedded || is_engine(spelling) => (
                Status::Unknown,
                "this page shows none of the series that are registered with it".to_owned(),
            ),
            None => (Status::NotEmitted, "nothing that is registered with it is there".to_owned()),
        },
        When::After(event) => match context.proven.why(event) {
            Some(_) if context.dropped.is_some() => {
                let dropped = context.dropped.clone().unwrap_or_default();
                (Status::Unknown, format!("{dropped}: with lost events an absence proves nothing"))
            }
            Some(proof) => bound(proof.to_owned()),
            None => {
                let what = context.catalog.event(event).map_or(event, |r| r.meaning);
                (Status::NotEmitted, format!("appears once {what}, and nothing shows that it did"))
            }
        },
        When::Failure(_) => (
            Status::NotEmitted,
            "appears with the first failure only: its absence is good news".to_owned(),
        ),
        When::Sampled(_) => (
            Status::NotEmitted,
            "sampled (1 % of the events by default): its absence proves nothing".to_owned(),
        ),
        When::InFlight => {
            (Status::NotEmitted, "a point exists only while something is in flight".to_owned())
        }
        _ => (Status::NotEmitted, "appears when first used".to_owned()),
    }
}

fn is_engine(spelling: &Spelling) -> bool {
    spelling.component == Component::Engine
}

fn not_in_release(
    spellings: &[&'static Spelling],
    candidates: &[Release],
    relatives: &[String],
) -> String {
    let product = spellings.first().map_or("the product", |s| match s.product() {
        Product::Vllm => "vLLM",
        Product::Sglang => "SGLang",
        _ => "LMCache",
    });
    let span = match (candidates.first(), candidates.last()) {
        (Some(a), Some(b)) if a == b => format!("{product} {a}"),
        (Some(a), Some(b)) => format!("{product} {a} to {b}"),
        _ => product.to_owned(),
    };
    let first = candidates.first();
    let ended = spellings.last().and_then(|s| s.to).filter(|to| first.is_some_and(|f| to < f));
    let since = spellings.first().map(|s| s.from);
    let fate = match (ended, since) {
        (Some(to), _) => format!("{to} was the last to have it"),
        (None, Some(from)) => format!("it came with {from}"),
        _ => "no examined release has it".to_owned(),
    };
    let nearest = if relatives.is_empty() {
        String::new()
    } else if ended.is_some() {
        format!("; read {} instead", relatives.join(", "))
    } else {
        format!("; before, {}", relatives.join(", "))
    };
    format!("{span} has no such series: {fate}{nearest}")
}

/// Names, in the candidate releases, of what comes nearest to a signal that they lack.
fn relatives_of(
    catalog: &Catalog,
    spellings: &[&'static Spelling],
    candidates: &[Release],
) -> Vec<String> {
    let mut names = Vec::new();
    for signal in spellings.iter().flat_map(|s| s.nearest) {
        for spelling in catalog.signal(signal) {
            if candidates.iter().any(|r| spelling.in_release(*r)) {
                names.push(spelling.name.to_owned());
            }
        }
    }
    names.dedup();
    names
}
