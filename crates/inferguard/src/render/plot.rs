//! A curve over sizes, in characters and as SVG.

use std::fmt::Write as _;

use crate::report::CapacityReport;

/// A size as `--l1-size-gb` counts it: powers of 1,024. `chunks` where bytes are not known.
pub(crate) fn size(report: &CapacityReport, bytes: u64) -> String {
    if report.size_unit == "bytes" { gib(bytes) } else { format!("{bytes} chunks") }
}

/// `1.5 GiB`, `20 MiB`.
pub(crate) fn gib(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{} {name}", text.strip_suffix(".0").unwrap_or(&text))
}

/// The hit rate of a plain LRU cache at a size.
fn rate_at(report: &CapacityReport, bytes: f64) -> f64 {
    let after = report.curve.partition_point(|p| p.bytes as f64 <= bytes);
    after.checked_sub(1).and_then(|i| report.curve.get(i)).map_or(0.0, |p| p.hit_rate)
}

/// The sizes of an axis: logarithmic where the curve begins far below its end.
struct Axis {
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    fn of(report: &CapacityReport) -> Self {
        let current = report.current.as_ref().map_or(0, |c| c.row.bytes);
        let to = (report.enough_bytes as f64 * 1.15).max(1.0);
        // A current size far beyond the end is told in words and not drawn.
        let to = if current as f64 <= to * 4.0 { to.max(current as f64 * 1.1) } else { to };
        let first = report.curve.first().map_or(1, |p| p.bytes).max(1) as f64;
        let log = to / first > 50.0;
        Axis { from: if log { first / 1.5 } else { 0.0 }, to, log }
    }

    /// Where a size stands, from 0 to 1.
    fn place(&self, bytes: f64) -> f64 {
        let place = if self.log {
            (bytes.max(1.0) / self.from).ln() / (self.to / self.from).ln()
        } else {
            bytes / self.to
        };
        place.clamp(0.0, 1.0)
    }

    fn at(&self, place: f64) -> f64 {
        if self.log { self.from * (self.to / self.from).powf(place) } else { self.to * place }
    }
}

/// Rows of the plot.
const HEIGHT: usize = 10;

/// The curve in characters, `width` of them a line, with what stands where below it.
pub(crate) fn terminal(report: &CapacityReport, width: usize) -> Vec<String> {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = width.saturating_sub(18).clamp(20, 100);
    let axis = Axis::of(report);
    let top = ceiling(report.bound.hit_rate);
    let rates: Vec<f64> =
        (0..columns).map(|c| rate_at(report, axis.at((c as f64 + 1.0) / columns as f64))).collect();
    let mut out = Vec::new();
    for row in (0..HEIGHT).rev() {
        let label = if row + 1 == HEIGHT || row == HEIGHT / 2 {
            format!("{:>4.0} %", top * 100.0 * (row as f64 + 1.0) / HEIGHT as f64)
        } else {
            " ".repeat(6)
        };
        let line: String = rates
            .iter()
            .map(|rate| {
                let filled = rate / top * HEIGHT as f64 - row as f64;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 8"
                )]
                let eighth = (filled.clamp(0.0, 1.0) * 8.0).round() as usize;
                EIGHTHS.get(eighth).copied().unwrap_or(' ')
            })
            .collect();
        out.push(format!("          {label} ┤{line}"));
    }
    out.push(format!("                 └{}", "─".repeat(columns)));
    let mut marks = vec![' '; columns];
    for (sign, bytes) in marked(report) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below columns"
        )]
        let at = (axis.place(bytes as f64) * (columns as f64 - 1.0)).round() as usize;
        if bytes as f64 <= axis.to
            && let Some(slot) = marks.get_mut(at)
        {
            *slot = sign;
        }
    }
    out.push(format!("                  {}", marks.iter().collect::<String>()));
    let (left, right) = (label(report, axis.from), label(report, axis.to));
    let gap = columns.saturating_sub(left.len() + right.len());
    out.push(format!("                  {left}{}{right}", " ".repeat(gap)));
    out
}

fn label(report: &CapacityReport, bytes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
    let bytes = bytes.round() as u64;
    size(report, bytes)
}

/// Sizes that are marked below the axis: `B` the bend, `T` the target, `E` enough, `C` current.
fn marked(report: &CapacityReport) -> Vec<(char, u64)> {
    let mut out = vec![('E', report.enough_bytes)];
    out.extend(report.bend.map(|p| ('B', p.bytes)));
    out.extend(report.target.and_then(|t| Some(('T', t.bytes?))));
    out.extend(report.current.as_ref().map(|c| ('C', c.row.bytes)));
    out.retain(|(_, bytes)| *bytes > 0);
    out
}

/// A round share at or above this one.
fn ceiling(rate: f64) -> f64 {
    [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
        .into_iter()
        .find(|top| *top >= rate)
        .unwrap_or(1.0)
}

const W: f64 = 860.0;
const H: f64 = 560.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 56.0;
/// Where the curve's panel ends and that of the working set lies.
const PANEL: f64 = 360.0;
const LOW_TOP: f64 = 440.0;
const LOW_END: f64 = 520.0;

/// What keeps a text apart from what it lies on.
const RIM: &str = r#"stroke="white" stroke-width="4" stroke-linejoin="round" paint-order="stroke""#;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The curve and the working set as one SVG picture that needs nothing beside itself.
pub fn capacity_svg(report: &CapacityReport) -> String {
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" width="{W}" height="{H}" font-family="system-ui, DejaVu Sans, sans-serif" font-size="12" fill="none">
<rect width="{W}" height="{H}" fill="white"/>
<text x="{LEFT}" y="24" font-size="16" fill="black">Hit rate by cache size</text>
<text x="{LEFT}" y="42" fill="dimgray">{}</text>"#,
        escape(&format!(
            "{} lookups, {} {}{}",
            super::text::count(report.lookups as f64),
            super::text::count(report.tokens as f64),
            report.token_unit,
            if report.exact { String::new() } else { format!("; one chunk in {}", report.one_in) }
        ))
    );
    let axis = Axis::of(report);
    let x = |bytes: f64| LEFT + axis.place(bytes) * (W - LEFT - RIGHT);
    let top = ceiling(report.bound.hit_rate);
    let y = |rate: f64| PANEL - rate / top * (PANEL - TOP);
    for i in 0..=5 {
        let rate = top * f64::from(i) / 5.0;
        let (at, end) = (y(rate), W - RIGHT);
        let _ = writeln!(
            svg,
            r#"<line x1="{LEFT}" y1="{at:.1}" x2="{end}" y2="{at:.1}" stroke="gainsboro"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="dimgray">{:.0} %</text>"#,
            LEFT - 8.0,
            at + 4.0,
            rate * 100.0
        );
        let bytes = axis.at(f64::from(i) / 5.0);
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="{}" fill="dimgray">{}</text>"#,
            x(bytes).max(LEFT),
            PANEL + 18.0,
            if i == 5 { "end" } else { "middle" },
            escape(&label(report, bytes))
        );
    }
    let mut path = format!("M{LEFT:.1},{PANEL:.1}");
    let mut last = 0.0;
    for point in &report.curve {
        let (px, py) = (x(point.bytes as f64), y(point.hit_rate));
        let _ = write!(path, "L{px:.1},{:.1}L{px:.1},{py:.1}", y(last));
        last = point.hit_rate;
    }
    let _ = write!(path, "L{:.1},{:.1}", W - RIGHT, y(last));
    let _ = writeln!(svg, r#"<path d="{path}" stroke="steelblue" stroke-width="2"/>"#);
    let bound = y(report.bound.hit_rate);
    let _ = writeln!(
        svg,
        r#"<line x1="{LEFT}" y1="{bound:.1}" x2="{:.1}" y2="{bound:.1}" stroke="seagreen" stroke-dasharray="6 4"/>"#,
        W - RIGHT
    );
    for row in report.sizes.iter().chain(report.current.iter().map(|c| &c.row)) {
        let Some(rate) = row.simulated_hit_rate.filter(|_| row.bytes as f64 <= axis.to) else {
            continue;
        };
        let _ = writeln!(
            svg,
            r#"<circle cx="{:.1}" cy="{:.1}" r="3.5" fill="darkorange"/>"#,
            x(row.bytes as f64),
            y(rate)
        );
    }
    // Labels come last, on a rim of white: no line runs through one.
    let mut labels = String::new();
    let _ = writeln!(
        labels,
        r#"<text x="{:.1}" y="{:.1}" fill="seagreen" {RIM}>no limit: {:.1} %</text>"#,
        LEFT + 6.0,
        // Above the line is the title where the line is at the top.
        if bound < TOP + 16.0 { bound + 16.0 } else { bound - 5.0 },
        report.bound.hit_rate * 100.0
    );
    for (i, (sign, bytes)) in marked(report).into_iter().enumerate() {
        if bytes as f64 > axis.to {
            continue;
        }
        let (what, colour) = match sign {
            'B' => ("bend", "slateblue"),
            'T' => ("target", "seagreen"),
            'C' => ("current", "firebrick"),
            _ => ("enough", "gray"),
        };
        let px = x(bytes as f64);
        let _ = writeln!(
            svg,
            r#"<line x1="{px:.1}" y1="{TOP}" x2="{px:.1}" y2="{PANEL}" stroke="{colour}" stroke-dasharray="3 3"/>"#
        );
        let _ = writeln!(
            labels,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="{}" fill="{colour}" {RIM}>{what} {}</text>"#,
            if px > W * 0.7 { px - 5.0 } else { px + 5.0 },
            PANEL - 10.0 - 16.0 * i as f64,
            if px > W * 0.7 { "end" } else { "start" },
            escape(&size(report, bytes))
        );
    }
    svg.push_str(&labels);
    let _ = writeln!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="end" fill="dimgray">line: plain LRU, every size; dots: LMCache's {} with its watermark and ratio, simulated</text>"#,
        W - RIGHT,
        PANEL + 38.0,
        policy_name(report)
    );
    working(report, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

pub(crate) fn policy_name(report: &CapacityReport) -> &'static str {
    use cache_sizing::Policy;
    match report.policy {
        Policy::Lru => "LRU",
        Policy::Arc => "ARC",
        Policy::IsolatedLru => "IsolatedLRU",
        Policy::Noop => "noop",
    }
}

fn working(report: &CapacityReport, svg: &mut String) {
    let set = &report.working_set;
    let windows = &set.windows;
    let (Some(first), Some(last)) = (windows.first(), windows.last()) else { return };
    let span = last.at_s - first.at_s + set.window_s;
    let most = set.max_bytes.max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
    let max = set.max_bytes as u64;
    let _ = writeln!(
        svg,
        r#"<text x="{LEFT}" y="{:.1}" fill="black">Working set by windows of {} s: at most {}</text>"#,
        LOW_TOP - 10.0,
        set.window_s,
        escape(&size(report, max))
    );
    for window in windows {
        let left = LEFT + (window.at_s - first.at_s) / span * (W - LEFT - RIGHT);
        let width = (set.window_s / span * (W - LEFT - RIGHT) - 1.0).max(0.5);
        let height = window.bytes / most * (LOW_END - LOW_TOP);
        let _ = writeln!(
            svg,
            r#"<rect x="{left:.1}" y="{:.1}" width="{width:.1}" height="{height:.1}" fill="lightsteelblue"/>"#,
            LOW_END - height
        );
    }
    let _ = writeln!(
        svg,
        r#"<line x1="{LEFT}" y1="{LOW_END}" x2="{:.1}" y2="{LOW_END}" stroke="gray"/><text x="{LEFT}" y="{:.1}" fill="dimgray">{}</text><text x="{:.1}" y="{:.1}" text-anchor="end" fill="dimgray">+{}</text>"#,
        W - RIGHT,
        LOW_END + 18.0,
        escape(&super::text::moment(first.at_s)),
        W - RIGHT,
        LOW_END + 18.0,
        escape(&super::text::seconds(span))
    );
}

#[cfg(test)]
mod tests {
    use super::gib;

    #[test]
    fn sizes_as_people_set_them() {
        assert_eq!(gib(1 << 30), "1 GiB");
        assert_eq!(gib(3 << 29), "1.5 GiB");
        assert_eq!(gib(20 << 20), "20 MiB");
        assert_eq!(gib(100), "100 B");
        assert_eq!(gib(700 << 30), "700 GiB");
    }
}
