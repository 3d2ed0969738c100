//! One series twice.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "metric_registration_conflict",
    aliases: &[],
    title: "A series is registered twice: one of its values is lost, or the page is refused",
    kind: Kind::Cause,
    cause: Some("metric-registration-conflict"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Page, Need::Log, Need::Scraper],
    thresholds: &[],
    releases: "",
    explanation: "Two parts of a process that register one name expose it twice with equal labels (two \
        adapters of one type, store and prefetch controllers), or the second registration \
        fails. Prometheus keeps one of the two values, and warns; a metrics singleton that \
        is made twice keeps the labels of the first.",
    confirm: "curl -s http://HOST:PORT/metrics | grep -v '^#' | sed 's/ [^ ]*$//' | sort | uniq -d",
    action: "Do not build alerts on the series that is named; upgrade LMCache to a release in \
        which it is registered once.",
    false_positives: "Two scrapes that were saved into one file look alike; their series all repeat.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["telemetry-incomplete"],
    related: &["telemetry-incomplete"],
    evaluate,
    example: Example {
        title: "One gauge with two values",
        files: &[File::text(
            "metrics.prom",
            r"# TYPE lmcache_mp_l2_adapters gauge
lmcache_mp_l2_adapters 1.0
# TYPE lmcache_mp_l1_usage_ratio gauge
lmcache_mp_l1_usage_ratio 0.3
lmcache_mp_l2_adapters 0.0
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Two label sets of one gauge",
        files: &[File::text(
            "metrics.prom",
            r#"# TYPE lmcache_mp_l1_usage_ratio gauge
lmcache_mp_l1_usage_ratio{l1_tag="a"} 0.3
lmcache_mp_l1_usage_ratio{l1_tag="b"} 0.3
"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let mut twice = Vec::new();
    for target in &view.targets {
        for (captured, path) in target.timeline.scrapes().iter().zip(target.pages()) {
            let all = captured.scrape.series_count().max(1);
            let repeats: Vec<_> = captured
                .scrape
                .repeats()
                .filter(|s| view.catalog.name(s.name()).is_some())
                .collect();
            // A page that was saved twice repeats all of itself.
            if repeats.len() * 4 >= all && all > 8 {
                continue;
            }
            twice.extend(
                repeats
                    .iter()
                    .map(|s| source(path, Some(s.line()), s.name(), s.value().to_string())),
            );
        }
    }
    if !twice.is_empty() {
        signs.push(Sign::measured(0.85, "series stand twice on one page", twice));
    }
    let scraper: Vec<Source> = view
        .launch
        .iter()
        .flat_map(|l| &l.environment.scraper_log)
        .filter(|m| m.code.starts_with("duplicate"))
        .map(|m| placed(&m.place, m.example.clone(), Some(format!("{} times", m.count))))
        .collect();
    if !scraper.is_empty() {
        signs.push(Sign::inferred(0.7, "the scraper drops duplicates", scraper));
    }
    signs.extend(logged(
        view,
        0.7,
        "a registration failed or a singleton was made twice",
        &["prometheus.duplicate", "metrics.duplicate", "metrics.singleton"],
    ));
    // Raised and not caught in a process that never says that it serves: it did not come up.
    let raised = view.logs.iter().any(|log| {
        let tracebacks = &log.evidence.tracebacks;
        tracebacks.iter().any(|t| t.last_line.contains("Duplicated timeseries"))
            && log.evidence.covers_start()
            && ["uvicorn.complete", "uvicorn.running", "sglang.ready"]
                .iter()
                .all(|id| log.evidence.event(id).is_none())
    });
    critical_if(raised, critical_if_down(view, Outcome::from_signs(signs, 0.5)))
}
