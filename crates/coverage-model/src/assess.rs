//! From evidence to rows: one judgement a family.

use lmcache_prom::contract::{Catalog, Component, Product};
use serde::Serialize;

use crate::architecture::{self, Architecture};
use crate::evidence::{Evidence, FactKind, Target};
use crate::families::{FAMILIES, Family, LANES};
use crate::feature::InUse;
use crate::mode::{self, ModeVerdict};
use crate::proof::{Proven, sighting};
use crate::signal_state::{Context, State, excerpt, judge};
use crate::vocabulary::{RequiredWhen, Status};

/// One signal of a family.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SignalRow {
    /// Stable signal id.
    pub signal: String,
    /// What is known of it.
    pub status: Status,
    /// Names that were seen.
    pub seen: Vec<String>,
    /// Names that this release would use.
    pub expected: Vec<String>,
    /// Why.
    pub because: String,
}

/// One family of the coverage report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FamilyRow {
    /// Group of rows.
    pub surface: String,
    /// Name within the group.
    pub family: String,
    /// What is known of it.
    pub status: Status,
    /// When it has to be there.
    pub required_when: RequiredWhen,
    /// False when the status is `not_applicable`.
    pub applicable: bool,
    /// Names that were seen.
    pub seen: Vec<String>,
    /// Names that this release would use.
    pub expected: Vec<String>,
    /// Why: what was read, or what proves that it should be there.
    pub because: String,
    /// Label sets seen, summed over signals.
    pub series_count: u64,
    /// Label sets with a value other than zero.
    pub populated_series_count: u64,
    /// The signals, each with its own judgement.
    pub signals: Vec<SignalRow>,
}

/// Everything that the model says about a deployment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Coverage {
    /// Mode, and how it is known.
    pub mode: ModeVerdict,
    /// Architecture labels, the headline first.
    pub architecture: Architecture,
    /// One row a family, in the order of [`FAMILIES`], then the lanes.
    pub families: Vec<FamilyRow>,
    /// Roles whose pages look like an excerpt, and why.
    pub excerpts: Vec<(String, String)>,
}

/// Judges all families.
pub fn assess(catalog: &Catalog, evidence: &Evidence) -> Coverage {
    let mode = mode::detect(catalog, evidence);
    let architecture = architecture::detect(catalog, evidence, &mode);
    let contexts: Vec<Context<'_>> =
        evidence.targets.iter().map(|t| context(catalog, evidence, t)).collect();
    let mut families: Vec<FamilyRow> =
        FAMILIES.iter().map(|family| row(catalog, evidence, &contexts, &mode, family)).collect();
    let excerpts = contexts
        .iter()
        .filter_map(|c| c.excerpt.clone().map(|why| (c.target.role.clone(), why)))
        .collect();
    families.extend(
        LANES.iter().map(|(surface, family, lane)| lane_row(evidence, surface, family, lane)),
    );
    Coverage { mode, architecture, families, excerpts }
}

/// The components that a surface's rows are about.
fn components(surface: &str) -> &'static [Component] {
    match surface {
        "lmcache_mp" | "lmcache_cacheblend" => &[Component::Mp, Component::Blend],
        "lmcache_embedded" => &[Component::Embedded],
        "lmcache_controller" => &[Component::Controller],
        "lmcache_coordinator" => &[Component::Coordinator],
        _ => &[Component::Engine, Component::Connector],
    }
}

fn product_of(surface: &str) -> Product {
    match surface {
        s if s.starts_with("vllm") || s == "lmcache_connector" => Product::Vllm,
        "sglang" => Product::Sglang,
        _ => Product::Lmcache,
    }
}

fn relevant<'c, 'e>(
    catalog: &Catalog,
    contexts: &'c [Context<'e>],
    surface: &str,
) -> Vec<&'c Context<'e>> {
    let wanted = components(surface);
    let product = product_of(surface);
    contexts
        .iter()
        .filter(|c| {
            product != Product::Lmcache
                || surface == "lmcache_coordinator"
                || !c.target.is_coordinator()
        })
        .filter(|c| {
            c.target.signals.keys().filter_map(|id| catalog.signal(id).last()).any(|s| {
                wanted.contains(&s.component)
                    && match s.component {
                        Component::Engine => s.product() == product,
                        Component::Connector => product == Product::Vllm,
                        _ => true,
                    }
            })
        })
        .collect()
}

fn row(
    catalog: &Catalog,
    evidence: &Evidence,
    contexts: &[Context<'_>],
    mode: &ModeVerdict,
    family: &Family,
) -> FamilyRow {
    let mut out = FamilyRow {
        surface: family.surface.to_owned(),
        family: family.name.to_owned(),
        status: Status::Unknown,
        required_when: family.required_when,
        applicable: true,
        seen: vec![],
        expected: vec![],
        because: String::new(),
        series_count: 0,
        populated_series_count: 0,
        signals: vec![],
    };
    let contexts = relevant(catalog, contexts, family.surface);
    if family.signals.is_empty() && !evidence.targets.is_empty() {
        out.status = Status::NotApplicable;
        out.because = "no examined release has series of this name".into();
    } else if contexts.is_empty() {
        (out.status, out.because) = without_target(evidence, mode, family.surface);
    } else {
        fill(&mut out, catalog, family, &contexts);
    }
    out.applicable = out.status != Status::NotApplicable;
    out
}

fn context<'a>(catalog: &'a Catalog, evidence: &Evidence, target: &'a Target) -> Context<'a> {
    let in_use = InUse::of(catalog, evidence, target);
    let proven = Proven::of(catalog, target, &in_use);
    let dropped = target
        .nonzero("mp.event_bus.dropped_events")
        .then(|| sighting(target, "mp.event_bus.dropped_events"));
    let beyond = [Product::Lmcache, Product::Vllm, Product::Sglang]
        .into_iter()
        .filter_map(|product| {
            let (release, _) = evidence.beyond(catalog, product)?;
            let newest = catalog.releases(product).last()?;
            let why = format!(
                "{} {release} runs, and the contract ends at {newest}: it may be renamed or dropped",
                product.name()
            );
            Some((product, why))
        })
        .collect();
    let mut context = Context { catalog, target, in_use, proven, dropped, excerpt: None, beyond };
    if !target.is_coordinator() {
        context.excerpt = excerpt(&context);
    }
    context
}

fn fill(out: &mut FamilyRow, catalog: &Catalog, family: &Family, contexts: &[&Context<'_>]) {
    let mut states: Vec<(&'static str, State)> = Vec::new();
    for (id, _) in catalog.signals().filter(|(id, _)| family.contains(id)) {
        // Over several processes the most telling sighting counts.
        let best = contexts
            .iter()
            .map(|c| judge(c, id))
            .min_by_key(|s| (rank(s.status), std::cmp::Reverse(s.nonzero)));
        if let Some(state) = best {
            states.push((id, state));
        }
    }
    for (_, state) in &states {
        out.seen.extend(state.seen.iter().cloned());
        out.expected.extend(state.expected.iter().map(|n| (*n).to_owned()));
        out.series_count += state.series;
        out.populated_series_count += state.nonzero;
    }
    let decisive =
        states.iter().min_by_key(|(_, s)| (rank(s.status), std::cmp::Reverse(s.nonzero)));
    if let Some((_, state)) = decisive {
        out.status = state.status;
        out.because.clone_from(&state.because);
    }
    let gone: Vec<&str> =
        states.iter().filter(|(_, s)| s.status == Status::Missing).map(|(id, _)| *id).collect();
    if out.status != Status::Missing && !gone.is_empty() {
        out.because = format!(
            "{}; of its signals {} should be there and is not",
            out.because,
            gone.join(", ")
        );
    }
    out.signals = states
        .into_iter()
        .map(|(id, s)| SignalRow {
            signal: id.to_owned(),
            status: s.status,
            seen: s.seen,
            expected: s.expected.iter().map(|n| (*n).to_owned()).collect(),
            because: s.because,
        })
        .collect();
}

/// Which signal speaks for its family: what was seen first, then what should have been.
fn rank(status: Status) -> u8 {
    match status {
        Status::Populated => 0,
        Status::Zero => 1,
        Status::Missing => 2,
        Status::Disabled => 3,
        Status::Unknown => 4,
        Status::NotEmitted => 5,
        Status::NotApplicable => 6,
    }
}

/// The sentence for a page that carries no LMCache series although its process answers.
pub const SILENT_PAGE: &str = "this page carries no LMCache metrics; metrics disabled, pushed by OTLP only and not \
     an LMCache server look alike from here";

fn without_target(evidence: &Evidence, mode: &ModeVerdict, surface: &str) -> (Status, String) {
    use crate::vocabulary::Mode;
    let lmcache = surface.starts_with("lmcache");
    if !lmcache {
        let other = if product_of(surface) == Product::Vllm { "sglang." } else { "vllm." };
        let given = |prefix: &str| {
            evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with(prefix)))
        };
        return if given(other) {
            let name = if other == "vllm." { "vLLM" } else { "SGLang" };
            (Status::NotApplicable, format!("the engine here is {name}"))
        } else {
            (Status::Unknown, "no page of this engine was given".into())
        };
    }
    match mode.mode {
        Mode::None => return (Status::NotApplicable, "the engine runs without LMCache".into()),
        Mode::Embedded if surface != "lmcache_embedded" && surface != "lmcache_controller" => {
            return (
                Status::NotApplicable,
                "LMCache runs inside the engine here (embedded mode)".into(),
            );
        }
        Mode::Mp | Mode::Cacheblend
            if surface == "lmcache_embedded" || surface == "lmcache_controller" =>
        {
            return (Status::NotApplicable, "LMCache runs as a multiprocess server here".into());
        }
        Mode::Mp | Mode::Cacheblend if surface == "lmcache_coordinator" => {
            return (Status::NotApplicable, "no coordinator is configured or seen".into());
        }
        Mode::Mp | Mode::Cacheblend | Mode::Mixed if surface == "lmcache_connector" => {
            return (Status::Unknown, "no page of the engine was given".into());
        }
        _ => {}
    }
    for (kind, because) in [
        (FactKind::MetricsDisabled, "metrics are switched off"),
        (FactKind::OtlpOnly, "metrics are pushed by OTLP: the page is empty by design"),
    ] {
        if let Some(fact) = evidence.fact(&kind) {
            return (
                Status::Disabled,
                format!("{because} ({}: {})", fact.source.artifact, fact.source.what),
            );
        }
    }
    if let Some(target) = evidence.targets.iter().find(|t| t.is_silent()) {
        let page = target.artifacts.first().map_or("the page", String::as_str);
        return (Status::Unknown, format!("{page}: {SILENT_PAGE}"));
    }
    if evidence.targets.is_empty() {
        (Status::Unknown, "no metrics page was given".into())
    } else {
        (Status::Unknown, "no page of LMCache was given".into())
    }
}

fn lane_row(evidence: &Evidence, surface: &str, family: &str, lane: &'static str) -> FamilyRow {
    let mut row = FamilyRow {
        surface: surface.to_owned(),
        family: family.to_owned(),
        status: Status::Unknown,
        required_when: RequiredWhen::Optional,
        applicable: true,
        seen: vec![],
        expected: vec![],
        because: String::new(),
        series_count: 0,
        populated_series_count: 0,
        signals: vec![],
    };
    let readings = || evidence.lanes.iter().filter(|r| r.surface == surface && r.family == family);
    if let Some(best) = readings().min_by_key(|r| rank(r.status)) {
        row.status = best.status;
        row.because.clone_from(&best.because);
        for reading in readings() {
            row.seen.extend(reading.seen.iter().cloned());
            row.series_count += reading.series;
            row.populated_series_count += reading.nonzero;
        }
        row.seen.sort();
        row.seen.dedup();
        row.applicable = row.status != Status::NotApplicable;
        return row;
    }
    let given = evidence
        .facts
        .iter()
        .any(|f| matches!(f.kind, FactKind::Lane(name, n) if name == lane && n > 0));
    row.because = if given {
        "artifacts of this kind are recognised; this version does not read them yet".into()
    } else {
        "no artifact of this kind was given".to_owned()
    };
    row
}
