//! Hit rates by window.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::text::{Sheet, count, fit, safe, seconds, short_path};
use crate::measures::{WindowRow, ratio_title};
use crate::report::TargetRow;

/// Most window lines that the screen shows over all targets and ratios.
const WINDOW_LINES: usize = 8;

/// A table a process and ratio: its windows with requests, the last ones first to stay.
pub(super) fn hit_rates(sheet: &mut Sheet, targets: &[TargetRow], all: bool) {
    type Rows<'a> = Vec<(&'a WindowRow, f64, f64, Option<f64>)>;
    let mut tables: Vec<(&TargetRow, &str, Rows<'_>)> = Vec::new();
    for target in targets {
        let mut by_ratio: BTreeMap<&str, Rows<'_>> = BTreeMap::new();
        for window in &target.measures.windows {
            for r in &window.ratios {
                by_ratio.entry(&r.ratio).or_default().push((window, r.hit, r.requested, r.rate));
            }
        }
        by_ratio.retain(|_, rows| rows.iter().any(|r| r.2 > 0.0));
        tables.extend(by_ratio.into_iter().map(|(ratio, rows)| (target, ratio, rows)));
    }
    let most = if all { usize::MAX } else { (WINDOW_LINES / tables.len().max(1)).max(1) };
    let mut label = "HIT RATE";
    for (target, ratio, rows) in &tables {
        let live: Vec<_> = rows.iter().filter(|r| r.2 > 0.0).collect();
        let skip = live.len().saturating_sub(most);
        let mut rest = Vec::new();
        if skip > 0 {
            rest.push(format!("{skip} before"));
        }
        if rows.len() > live.len() {
            rest.push(format!("{} without a request", rows.len() - live.len()));
        }
        let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
        if !label.is_empty() {
            sheet.entry(label, "of tokens, by window");
            label = "";
        }
        sheet.entry("", &safe(&format!("{}: {}{rest}", target.role, ratio_title(ratio))));
        let room = sheet.width().saturating_sub(56).clamp(16, 48);
        for (window, hit, requested, rate) in live.iter().skip(skip) {
            let name = format!("{} > {}", stem(&window.from), stem(&window.to));
            let length = window.seconds.map_or_else(String::new, seconds);
            let rate = rate.map_or_else(|| "-".into(), |r| format!("{:.1} %", r * 100.0));
            sheet.raw(&format!(
                "            {:<room$} {length:>8} {:>9} of {:>9} {rate:>8}",
                fit(&safe(&name), room),
                count(*hit),
                count(*requested)
            ));
        }
    }
    if label.is_empty() {
        sheet.blank();
    }
}

/// The name of a page without its directory and ending; of an export its place in its file.
fn stem(path: &str) -> Cow<'_, str> {
    let base = short_path(path);
    match base.rsplit_once('.') {
        Some((stem, ending)) => match ending.split_once(':') {
            Some((_, line)) => Cow::Owned(format!("export {line}")),
            None => Cow::Borrowed(stem),
        },
        None => Cow::Borrowed(base),
    }
}
