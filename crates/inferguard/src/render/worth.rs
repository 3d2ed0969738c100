//! What the cache is worth, in words.

use coverage_model::bridge::{Ttft, Worth};

use super::text::{Sheet, safe, seconds};
use crate::observe::number;

pub(super) fn worth(sheet: &mut Sheet, worth: &Worth) {
    if worth.factors.iter().all(|f| f.name != "external_tokens" || f.value.is_none_or(|v| v == 0.0))
        && worth.money.is_none()
        && worth.ttft_before.is_none()
    {
        return;
    }
    for (i, line) in worth_lines(worth).into_iter().enumerate() {
        sheet.entry(if i == 0 { "WORTH" } else { "" }, &safe(&line));
    }
    sheet.blank();
}

/// A number of seconds, small or large.
pub(super) fn time(value: f64) -> String {
    if value.abs() < 60.0 { format!("{} s", number(value)) } else { seconds(value) }
}

/// Three figures of a small number, whole numbers as they are.
fn figures(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1.0 {
        return number(value);
    }
    let places = (-value.abs().log10().floor()).clamp(0.0, 12.0) + 2.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 14")]
    let places = places as usize;
    format!("{value:.places$}")
}

/// What the cache is worth, a line each.
pub(super) fn worth_lines(worth: &Worth) -> Vec<String> {
    let mut out = Vec::new();
    match (worth.prefill_seconds_saved, worth.prefill_seconds_avoided) {
        (Some(saved), Some(avoided)) => out.push(format!(
            "prefill {}: {} avoided less {} of retrieving",
            if saved < 0.0 {
                format!("{} lost", time(-saved))
            } else {
                format!("{} saved", time(saved))
            },
            time(avoided),
            time(avoided - saved)
        )),
        (None, Some(avoided)) => {
            out.push(format!(
                "prefill: {} avoided, before the time of retrieving, which is not known",
                time(avoided)
            ));
        }
        _ => out.push("no figure: a factor is missing".to_owned()),
    }
    for factor in &worth.factors {
        out.push(match factor.value {
            Some(value) => {
                format!("  {} {} {} ({})", factor.name, figures(value), factor.unit, factor.how)
            }
            None => format!("  {}: {}", factor.name, factor.how),
        });
    }
    times(worth, &mut out);
    if let Some(money) = &worth.money {
        for (what, value) in [
            ("saved an hour of this traffic", money.saved_usd_per_hour),
            ("saved a thousand requests", money.saved_usd_per_1000_requests),
            ("a useful task", money.usd_per_useful_task),
            ("saved a useful task", money.saved_usd_per_useful_task),
        ] {
            if let Some(value) = value {
                out.push(format!("{} USD {what}", number(value)));
            }
        }
        if !money.missing.is_empty() {
            out.push(format!("money: missing {}", money.missing.join(", ")));
        }
    }
    out.extend(worth.notes.iter().cloned());
    out
}

/// One side of a comparison of times to the first token.
fn side(ttft: Option<Ttft>) -> String {
    let Some(t) = ttft else { return "none".to_owned() };
    let median = t.p50.map_or_else(String::new, |p50| format!(", median {} s", number(p50)));
    format!("mean {} s{median} ({} requests)", number(t.mean), t.requests)
}

fn times(worth: &Worth, out: &mut Vec<String>) {
    for ttft in &worth.ttft {
        out.push(format!(
            "time to first token, {}: with hits {}; without {}; {}",
            ttft.over,
            side(ttft.with_hits),
            side(ttft.without_hits),
            ttft.note
        ));
    }
    for engine in &worth.ttft_by_engine {
        let role = engine.kv_role.as_ref().map_or_else(String::new, |r| format!(" ({r})"));
        out.push(format!(
            "time to first token at {}{role}: {}",
            engine.engine,
            side(Some(engine.ttft))
        ));
    }
    for (i, group) in worth.ttft_by_group.iter().enumerate() {
        if i == 0 {
            out.push(format!("time to first token by the groups of {}", group.source.artifact));
        }
        out.push(format!("  {}: {}", group.group, side(Some(group.ttft))));
    }
    if let Some(compared) = &worth.ttft_before {
        let length = |tokens: Option<f64>| {
            tokens
                .map_or_else(String::new, |t| format!(", prompts of {} tokens", number(t.round())))
        };
        out.push(format!(
            "time to first token before: {}{}",
            side(Some(compared.before)),
            length(compared.prompt_tokens_before)
        ));
        let change = match compared.change_seconds {
            Some(change) if change < 0.0 => format!("; {} less on the mean", time(-change)),
            Some(change) => format!("; {} more on the mean", time(change)),
            None => String::new(),
        };
        out.push(format!(
            "  now: {}{}{change}; {}",
            side(compared.now),
            length(compared.prompt_tokens_now),
            compared.note
        ));
    }
}
