//! The report's first sentence: what runs, and what is the matter with it.

use coverage_model::bridge::MismatchCode;
use coverage_model::{FactKind, LABELS};

use super::connectors::{ConnectorRow, Currency};
use crate::report::check::{Judged, Traffic};

/// The sentence.
pub(super) fn of(judged: &Judged, connectors: &[ConnectorRow]) -> String {
    let label = judged.coverage.architecture.headline.as_str();
    let what = LABELS.iter().find(|(l, _)| *l == label).map_or(label, |(_, says)| says);
    let mut states = states(judged, connectors);
    let also: Vec<&str> = judged
        .coverage
        .architecture
        .labels
        .iter()
        .skip(1)
        .filter_map(|l| LABELS.iter().find(|(name, _)| *name == l.label))
        .filter(|(name, _)| !(*name == "lmcache_mp_server" && label.ends_with("mp_lmcache")))
        .map(|(_, says)| *says)
        .collect();
    if states.is_empty() && !also.is_empty() {
        states.push(format!("with it {}", also.join(", ")));
    } else if !also.is_empty() && label == "engine_without_lmcache" {
        states.insert(0, format!("beside {}", also.join(", ")));
    }
    let mut text = what.to_owned();
    // A name keeps its spelling; any other word begins the sentence.
    let name = text.split(' ').next().is_some_and(|w| w.chars().any(char::is_uppercase));
    if !name && let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    for state in states.iter().take(2) {
        text.push_str("; ");
        text.push_str(state);
    }
    text.push('.');
    text
}

fn event(judged: &Judged, ids: &[&str]) -> bool {
    judged.lanes.logs.iter().any(|row| ids.iter().any(|id| row.evidence.event(id).is_some()))
}

/// What is the matter, the gravest first.
fn states(judged: &Judged, connectors: &[ConnectorRow]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let fact = |kind| judged.evidence.fact(&kind).is_some();
    let failed = fact(FactKind::StartFailed) && !fact(FactKind::Started);
    for (currency, says) in [
        (Currency::Stale, "the connector name is an older engine's"),
        (Currency::UnknownName, "no release of the engine has the connector named"),
        (Currency::WrongMode, "the connector is of the other mode than the server"),
    ] {
        if let Some(row) = connectors.iter().find(|c| c.currency == currency) {
            out.push(format!("{says}: {}", row.name));
            break;
        }
    }
    let refused = event(judged, &["mp.no_handler"]);
    let unreachable = event(judged, &["mp_connector.unreachable", "mp_connector.no_answer"]);
    if refused {
        out.push("the server refuses what the engine asks of it: the two do not speak the same transfer mode or release".into());
    } else if unreachable && failed {
        out.push("no LMCache server answers at the address that the engine was given".into());
    }
    if failed {
        out.push("the engine did not start".into());
    }
    let restarts: Vec<&str> = judged
        .targets
        .iter()
        .filter(|t| t.measures.processes.len() > 1 && t.is.iter().any(|w| w.starts_with("lmcache")))
        .map(|t| t.role.as_str())
        .collect();
    if !restarts.is_empty() {
        out.push(format!(
            "the LMCache server went away and came back empty ({})",
            restarts.join(", ")
        ));
    }
    for mismatch in judged.bridge.mismatches.iter().filter(|m| m.code.is_wrong()) {
        out.push(match mismatch.code {
            MismatchCode::NoConnector => "its traffic never reaches LMCache".into(),
            MismatchCode::LookupsNeverHit => {
                "LMCache never finds what the engine sees again".into()
            }
            _ => mismatch.says.clone(),
        });
    }
    if out.is_empty() {
        if let Some(works) = works(judged) {
            out.push(works);
        }
        let idle = judged.targets.iter().filter(|t| t.traffic == Traffic::Idle).count();
        if idle > 0 && idle == judged.targets.len() {
            out.push("it is idle".into());
        }
    }
    out
}

/// What the cache did, where both sides agree.
fn works(judged: &Judged) -> Option<String> {
    let total = judged.bridge.total.as_ref()?;
    let prompt = total.tokens.prompt.as_ref()?.value;
    let external = total.tokens.external.as_ref()?.value;
    let local = total.tokens.engine_local.as_ref()?.value;
    total.tokens.hits.as_ref()?;
    (prompt > 0.0).then(|| {
        format!(
            "of its prompt tokens {:.0} % came from LMCache and {:.0} % from its own cache",
            external / prompt * 100.0,
            local / prompt * 100.0
        )
    })
}
