//! One page: families, series, sums, and the rules about repeats, empties, NaN and limits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

use lmcache_prom::text::Dialect;
use lmcache_prom::{IssueKind, Limits, MetricKind, Scrape};

fn parse(text: &str) -> Scrape {
    Scrape::parse(text.as_bytes()).unwrap()
}

fn kinds(scrape: &Scrape) -> Vec<IssueKind> {
    scrape.issues().iter().map(|issue| issue.kind).collect()
}

fn families(scrape: &Scrape) -> Vec<(&str, MetricKind, Vec<&str>)> {
    scrape.families().map(|f| (f.name(), f.kind(), f.sample_names().collect())).collect()
}

#[test]
fn families_of_prometheus_text() {
    let scrape = parse(
        "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"1\"} 3\n\
         loose 1\n\
         # TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 3\n\
         # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n\
         # TYPE never gauge\n",
    );
    assert_eq!(
        families(&scrape),
        [
            ("a_total", MetricKind::Counter, vec!["a_total"]),
            ("loose", MetricKind::Untyped, vec!["loose"]),
            ("h", MetricKind::Histogram, vec!["h_bucket", "h_count", "h_sum"]),
            ("s", MetricKind::Summary, vec!["s", "s_sum", "s_count"]),
            ("never", MetricKind::Gauge, vec![]),
        ]
    );
    assert_eq!(scrape.issue_count(), 0);
    let family = scrape.family("a_total").unwrap();
    assert_eq!((family.help(), family.unit(), family.typed()), (Some("Things."), None, true));
    assert!(!scrape.family("loose").unwrap().typed());
    assert_eq!(scrape.family_of("h_sum").unwrap().name(), "h");
    assert_eq!(scrape.family("h").unwrap().series().count(), 4);
    assert!(scrape.family("h_sum").is_none());
    assert_eq!(
        scrape.sample_names().collect::<Vec<_>>(),
        ["a_total", "loose", "h_bucket", "h_count", "h_sum", "s", "s_sum", "s_count"]
    );
    assert!(scrape.has("h_sum") && !scrape.has("h") && !scrape.has("never"));
    assert_eq!(scrape.dialect(), Dialect::Prometheus);
}

#[test]
fn families_of_openmetrics() {
    let scrape = parse(
        "# TYPE a counter\n# UNIT a things\na_total 3\na_created 1.7e9\n\
         # TYPE b info\nb_info{v=\"1\"} 1\n\
         # TYPE c stateset\nc{c=\"on\"} 1\nc{c=\"off\"} 0\n\
         # TYPE d gaugehistogram\nd_bucket{le=\"+Inf\"} 2\nd_gcount 2\nd_gsum 1\n\
         # TYPE e unknown\ne 1\n# EOF\n",
    );
    assert_eq!(
        families(&scrape),
        [
            ("a", MetricKind::Counter, vec!["a_total", "a_created"]),
            ("b", MetricKind::Info, vec!["b_info"]),
            ("c", MetricKind::StateSet, vec!["c"]),
            ("d", MetricKind::GaugeHistogram, vec!["d_bucket", "d_gcount", "d_gsum"]),
            ("e", MetricKind::Unknown, vec!["e"]),
        ]
    );
    assert_eq!(scrape.family("a").unwrap().unit(), Some("things"));
    assert!(scrape.saw_eof());
    assert_eq!(scrape.dialect(), Dialect::OpenMetrics);
    assert_eq!(scrape.histograms("d")[0].faults(), []);
}

#[test]
fn a_page_without_its_end_mark_is_still_told_by_its_counters() {
    assert_eq!(parse("# TYPE a counter\na_total 3\n").dialect(), Dialect::OpenMetrics);
    assert_eq!(parse("# TYPE a_total counter\na_total 3\n").dialect(), Dialect::Prometheus);
    assert_eq!(parse("# TYPE a counter\na 3\n").dialect(), Dialect::Prometheus);
}

#[test]
fn timestamps_are_seconds() {
    let scrape = parse("a 1 1795490079190\nb 2\n");
    assert_eq!(scrape.series("a").next().unwrap().timestamp(), Some(1_795_490_079.19));
    assert_eq!(scrape.series("b").next().unwrap().timestamp(), None);
    let scrape = parse("a 1 1795490079.19\n# EOF\n");
    assert_eq!(scrape.series("a").next().unwrap().timestamp(), Some(1_795_490_079.19));
}

#[test]
fn exemplars_never_become_values() {
    let scrape =
        parse("# TYPE a counter\na_total{x=\"y\"} 5 # {trace_id=\"7f\",le=\"q\"} 0.5 17\n# EOF\n");
    let series = scrape.series("a_total").next().unwrap();
    assert_eq!(series.value(), 5.0);
    assert_eq!(series.labels().collect::<Vec<_>>(), [("x", "y")]);
    let (value, labels) = series.exemplar().unwrap();
    assert_eq!((value.value, value.timestamp), (0.5, Some(17.0)));
    assert_eq!(labels.collect::<Vec<_>>(), [("trace_id", "7f"), ("le", "q")]);
}

#[test]
fn labels_come_in_the_order_of_their_names_whatever_the_page_has() {
    for line in ["a_bucket{z=\"3\",le=\"1\",b=\"2\"} 4\n", "a_bucket{b=\"2\",le=\"1\",z=\"3\"} 4\n"]
    {
        let scrape = parse(line);
        let series = scrape.series("a_bucket").next().unwrap();
        assert_eq!(series.labels().collect::<Vec<_>>(), [("b", "2"), ("le", "1"), ("z", "3")]);
        assert_eq!(series.label("le"), Some("1"));
        assert_eq!(series.to_string(), "a_bucket{b=\"2\",le=\"1\",z=\"3\"} 4");
        assert!(scrape.find("a_bucket", [("z", "3"), ("b", "2"), ("le", "1")]).is_some());
        assert!(scrape.find("a_bucket", [("z", "3"), ("b", "2")]).is_none());
    }
}

#[test]
fn le_and_quantile_are_labels_like_others() {
    let scrape = parse("a{le=\"1\",quantile=\"1\"} 1\na{quantile=\"1\"} 2\na{le=\"1\"} 3\na 4\n");
    let labels: Vec<Vec<_>> = scrape.series("a").map(|s| s.labels().collect()).collect();
    assert_eq!(
        labels,
        [vec![("le", "1"), ("quantile", "1")], vec![("quantile", "1")], vec![("le", "1")], vec![]]
    );
    assert_eq!(scrape.issue_count(), 0);
    for (labels, value) in
        [(&[("quantile", "1"), ("le", "1")][..], 1.0), (&[("quantile", "1")], 2.0), (&[], 4.0)]
    {
        assert_eq!(scrape.find("a", labels.iter().copied()).unwrap().value(), value);
    }
}

#[test]
fn an_empty_label_is_an_absent_one() {
    let scrape = parse("a{salt=\"\",tag=\"t\"} 1\nb{tag=\"t\"} 1\na{tag=\"t\"} 1\n");
    assert_eq!(kinds(&scrape), [IssueKind::DuplicateSeries { first_line: 1 }]);
    let series = scrape.series("a").next().unwrap();
    assert_eq!(series.label("salt"), None);
    assert_eq!(series.labels().count(), 1);
    assert_eq!(scrape.empty_labels("a").collect::<Vec<_>>(), ["salt"]);
    assert_eq!(scrape.empty_labels("b").count(), 0);
    assert_eq!(scrape.empty_labels("c").count(), 0);
}

/// LMCache 0.5.0 to 0.5.2 expose one gauge for two controllers under one name.
#[test]
fn a_series_that_stands_twice_counts_once() {
    let scrape = parse(
        "# HELP l2 Store.\n# TYPE l2 gauge\nl2{state=\"active\"} 1\nl2{state=\"draining\"} 0\n\
         # HELP l2 Prefetch.\n# TYPE l2 gauge\nl2{state=\"active\"} 2\nl2{state=\"draining\"} 0\n",
    );
    assert_eq!(
        kinds(&scrape),
        [
            IssueKind::ConflictingHelp,
            IssueKind::RepeatedType,
            IssueKind::ConflictingSeries { first_line: 3 },
            IssueKind::DuplicateSeries { first_line: 4 },
        ]
    );
    assert_eq!(scrape.sum("l2"), Some(1.0));
    assert_eq!(scrape.series("l2").count(), 2);
    assert_eq!(scrape.family("l2").unwrap().series().count(), 2);
    assert_eq!(scrape.all_series().count(), 2);
    assert_eq!((scrape.series_count(), scrape.samples()), (2, 4));
    let repeats: Vec<_> = scrape.repeats().map(|s| (s.line(), s.value())).collect();
    assert_eq!(repeats, [(7, 2.0), (8, 0.0)]);
    assert_eq!(scrape.lost_lines(), 0);
    assert_eq!(scrape.family("l2").unwrap().help(), Some("Store."));
}

#[test]
fn families_may_be_scattered_and_contradict_themselves() {
    let scrape = parse(
        "# TYPE a counter\na{x=\"1\"} 1\n# TYPE b gauge\nb 1\na{x=\"2\"} 2\nb{y=\"1\"} 2\n\
         # TYPE a gauge\n# UNIT a s\n# UNIT a m\n",
    );
    assert_eq!(kinds(&scrape), [IssueKind::ConflictingType, IssueKind::ConflictingUnit]);
    assert_eq!(scrape.sum("a"), Some(3.0));
    assert_eq!(scrape.family("a").unwrap().kind(), MetricKind::Counter);
    assert_eq!(scrape.family("a").unwrap().unit(), Some("s"));
    let order: Vec<_> = scrape.all_series().map(|s| s.line()).collect();
    assert_eq!(order, [2, 4, 5, 6]);
}

#[test]
fn a_late_type_is_applied_and_said() {
    let scrape = parse("h_bucket{le=\"+Inf\"} 1\nh_count NaN\n# TYPE h histogram\nh_sum 1\n");
    assert_eq!(kinds(&scrape), [IssueKind::TypeAfterSamples]);
    assert_eq!(
        families(&scrape),
        [("h", MetricKind::Histogram, vec!["h_bucket", "h_count", "h_sum"])]
    );
    assert!(scrape.series("h_count").next().unwrap().counts());
}

#[test]
fn a_suffix_belongs_to_a_family_only_where_the_type_fits() {
    let scrape = parse(
        "# TYPE a gauge\na_total 1\na_bucket 2\na 3\n# TYPE b histogram\n# TYPE b_count gauge\nb_count 1\n",
    );
    let family = |name: &str| scrape.family_of(name).unwrap().name().to_owned();
    assert_eq!(
        ["a_total", "a_bucket", "a", "b_count"].map(family),
        ["a_total", "a_bucket", "a", "b_count"]
    );
}

#[test]
fn creation_times_are_no_values() {
    // Python's client in Prometheus text: a gauge of its own.
    let scrape = parse(
        "# TYPE v:x_total counter\nv:x_total 0\n# TYPE v:x_created gauge\nv:x_created 1.79e9\n\
         # TYPE h histogram\nh_count 1\n# TYPE h_created gauge\nh_created 1.79e9\n\
         # TYPE objects_created gauge\nobjects_created 7\n\
         # TYPE y_created counter\ny_created 3\ny_total 3\n",
    );
    assert_eq!(scrape.created_of("v:x_created"), Some("v:x"));
    assert_eq!(scrape.created_of("h_created"), Some("h"));
    assert_eq!(scrape.created_of("objects_created"), None);
    assert_eq!(scrape.created_of("y_created"), None);
    assert_eq!(scrape.created_of("v:x_total"), None);
    assert!(scrape.series("h_created").all(|s| s.is_created()));
    // OpenMetrics: in the family.
    let scrape = parse("# TYPE x counter\nx_total 1\nx_created 1.79e9\n# EOF\n");
    assert_eq!(scrape.created_of("x_created"), Some("x"));
    assert!(!scrape.series("x_created").next().unwrap().counts());
    // No declarations, as after a filter.
    let scrape = parse("x_total 1\nx_created 1.79e9\n");
    assert_eq!(scrape.created_of("x_created"), Some("x"));
}

#[test]
fn nan_and_infinity() {
    let scrape = parse("# TYPE a counter\na{x=\"1\"} NaN\na{x=\"2\"} 3\n# TYPE g gauge\ng NaN\n");
    assert_eq!(kinds(&scrape), [IssueKind::NanCounter]);
    assert_eq!(scrape.sum("a"), Some(3.0));
    assert_eq!(scrape.sum("g"), None);
    assert!(scrape.has("g"));
    assert_eq!(scrape.sum("none"), None);
    let scrape = parse("# TYPE a counter\na -1\nb +Inf\nb{x=\"1\"} 1\n");
    assert_eq!(kinds(&scrape), [IssueKind::NegativeCounter]);
    assert_eq!((scrape.sum("a"), scrape.sum("b")), (Some(-1.0), Some(f64::INFINITY)));
}

#[test]
fn limits_cut_the_page_and_say_so() {
    let text: String = (0..100).map(|n| format!("a{{n=\"{n}\"}} 1\n")).collect();
    let limits = Limits { max_series: 10, ..Limits::default() };
    let scrape = Scrape::parse_with(text.as_bytes(), &limits).unwrap();
    assert!(scrape.partial() && scrape.cut());
    assert_eq!((scrape.series_count(), scrape.samples(), scrape.lines()), (10, 100, 100));
    assert_eq!(kinds(&scrape), [IssueKind::SeriesLimit]);
    assert_eq!(scrape.issues()[0].line, 11);

    let limits = Limits { max_text_bytes: 12, ..Limits::default() };
    let scrape = Scrape::read_with(text.as_bytes(), &limits).unwrap();
    assert!(scrape.partial());
    // "a", "n" and ten digits fill the limit.
    assert_eq!(scrape.series_count(), 10);
    assert_eq!(kinds(&scrape), [IssueKind::TextLimit]);

    let whole = Scrape::parse(text.as_bytes()).unwrap();
    assert!(!whole.partial() && !whole.cut());
    assert_eq!(whole.series_count(), 100);
}

#[test]
fn issues_are_counted_beyond_those_that_are_kept() {
    let text = "up 1\n".to_owned() + &"bad\n".repeat(2500);
    let scrape = parse(&text);
    assert_eq!(
        (scrape.issues().len(), scrape.issue_count(), scrape.lost_lines()),
        (1000, 2500, 2500)
    );
}

#[test]
fn a_cut_page_proves_no_absence() {
    assert!(parse("a 1\nb 2").cut());
    assert!(!parse("a 1\nb 2\n").cut());
    assert!(!parse("a 1\n# EOF").cut());
}

#[test]
fn series_are_found_on_another_page() {
    let before = parse("h_bucket{le=\"1\",m=\"x\"} 1\nq{quantile=\"0.5\"} 2\nplain 3\n");
    let after = parse(
        "other{z=\"w\"} 0\nplain 6\nq{quantile=\"0.5\"} 5\nh_bucket{m=\"x\",le=\"1\",s=\"\"} 4\n",
    );
    let found: Vec<_> = before.all_series().map(|s| s.find_in(&after).map(|s| s.value())).collect();
    assert_eq!(found, [Some(4.0), Some(5.0), Some(6.0)]);
    assert!(after.series("other").next().unwrap().find_in(&before).is_none());
}
