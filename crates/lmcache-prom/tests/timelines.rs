//! Several scrapes of one target: order, windows, restarts, increases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

use lmcache_prom::{Captured, Restart, Scrape, Timeline};

fn page(text: &str) -> Scrape {
    Scrape::parse(text.as_bytes()).unwrap()
}

/// Scrapes ten seconds apart, in this order.
fn timeline(pages: &[&str]) -> Timeline {
    let captured = pages.iter().enumerate();
    Timeline::from_scrapes(
        captured.map(|(id, text)| Captured::new(id, Some(id as f64 * 10.0), page(text))).collect(),
    )
}

fn process(start: f64, cpu: f64, rest: &str) -> String {
    format!(
        "process_start_time_seconds {start}\n# TYPE process_cpu_seconds_total counter\n\
         process_cpu_seconds_total {cpu}\n{rest}"
    )
}

#[test]
fn the_pages_decide_the_order_before_names_and_times_do() {
    let captured = |id, time, start, cpu| Captured::new(id, time, page(&process(start, cpu, "")));
    // Given backwards, with wrong times.
    let order = |scrapes| Timeline::from_scrapes(scrapes).order();
    assert_eq!(
        order(vec![
            captured(0, Some(4.0), 200.0, 1.0),
            captured(1, Some(3.0), 100.0, 9.0),
            captured(2, Some(2.0), 100.0, 3.0),
            captured(3, Some(1.0), 200.0, 0.5),
        ]),
        [2, 1, 3, 0]
    );
    // Equal CPU times: the caller's time, then the caller's number.
    assert_eq!(
        order(vec![
            captured(0, Some(4.0), 100.0, 1.0),
            captured(1, Some(3.0), 100.0, 1.0),
            captured(2, Some(3.0), 100.0, 1.0),
        ]),
        [1, 2, 0]
    );
    assert_eq!(
        order(vec![captured(2, None, 100.0, 1.0), captured(1, Some(3.0), 100.0, 1.0)]),
        [1, 2]
    );
    // One page without a start time: the caller decides.
    let mut mixed = vec![captured(0, Some(1.0), 200.0, 1.0), captured(1, Some(2.0), 100.0, 9.0)];
    mixed.push(Captured::new(2, Some(0.0), page("up 1\n")));
    assert_eq!(order(mixed), [2, 0, 1]);
    assert_eq!(order(vec![]), []);
}

#[test]
fn windows_and_increases() {
    let timeline = timeline(&[
        "# TYPE a counter\na{m=\"x\"} 10\na{m=\"y\"} 1\n",
        "# TYPE a counter\na{m=\"x\"} 15\na{m=\"y\"} 1\n",
        "# TYPE a counter\na{m=\"x\"} 15\na{m=\"y\"} 4\n",
    ]);
    assert_eq!(timeline.processes(), 1);
    let windows = timeline.windows();
    assert_eq!(windows.len(), 2);
    assert!(windows.iter().all(|w| w.restart.is_none() && w.seconds == Some(10.0)));
    let value = |w: usize, labels: &[(&str, &str)]| {
        timeline.increase(&windows[w], "a", labels).map(|increase| increase.value)
    };
    assert_eq!((value(0, &[]), value(1, &[])), (Some(5.0), Some(3.0)));
    assert_eq!((value(0, &[("m", "y")]), value(1, &[("m", "y")])), (Some(0.0), Some(3.0)));
    assert_eq!(value(0, &[("m", "z")]), None);
    assert_eq!(value(0, &[("other", "")]), Some(5.0));
    assert_eq!(timeline.increase(&windows[0], "b", &[]), None);
    let split = timeline.increase_by(&windows[0], "a", "m");
    let split: Vec<_> = split.iter().map(|(key, i)| (key.as_str(), i.value, i.series)).collect();
    assert_eq!(split, [("x", 5.0, 1), ("y", 0.0, 1)]);
    assert_eq!(timeline.increase_by(&windows[0], "a", "none")[""].value, 5.0);
    let total = timeline.total_increase("a", &[]).unwrap();
    assert_eq!((total.value, total.series, total.reset), (8.0, 2, false));
    assert_eq!(timeline.lifetime("a", &[]), Some(19.0));
    assert_eq!(timeline.lifetime("b", &[]), None);
}

#[test]
fn a_series_that_appears_counts_from_zero_and_one_that_vanishes_is_said() {
    let timeline = timeline(&[
        "# TYPE a counter\na{m=\"x\"} 10\n",
        "# TYPE a counter\na{m=\"y\"} 4\n# TYPE b counter\nb 7\n",
    ]);
    let window = &timeline.windows()[0];
    let a = timeline.increase(window, "a", &[]).unwrap();
    assert_eq!((a.value, a.series, a.appeared, a.vanished, a.reset), (4.0, 1, 1, 1, false));
    let b = timeline.increase(window, "b", &[]).unwrap();
    assert_eq!((b.value, b.appeared), (7.0, 1));
    assert_eq!(timeline.presence("b"), [false, true]);
    let gone = timeline.increase(window, "a", &[("m", "x")]).unwrap();
    assert_eq!((gone.value, gone.series, gone.vanished), (0.0, 0, 1));
}

#[test]
fn a_series_that_appears_after_a_cut_page_is_not_counted() {
    let timeline = timeline(&["# TYPE a counter\nb 1\na 10", "# TYPE a counter\nb 1\na 12\n"]);
    let a = timeline.increase(&timeline.windows()[0], "a", &[]).unwrap();
    assert_eq!((a.value, a.series, a.unproven), (0.0, 0, 1));
}

#[test]
fn a_label_that_becomes_empty_does_not_split_a_series() {
    let timeline = timeline(&["a{l1_tag=\"d\"} 3\n", "a{cache_salt=\"\",l1_tag=\"d\"} 5\n"]);
    let a = timeline.increase(&timeline.windows()[0], "a", &[]).unwrap();
    assert_eq!((a.value, a.appeared, a.vanished), (2.0, 0, 0));
}

#[test]
fn a_restart_ends_a_window() {
    let a = |value| format!("# TYPE a counter\na {value}\n");
    let timeline = timeline(&[
        &process(100.0, 1.0, &a(10)),
        &process(100.0, 2.0, &a(30)),
        // The new process has already counted more than the old one.
        &process(200.0, 1.0, &a(40)),
        &process(200.0, 2.0, &a(45)),
    ]);
    let windows = timeline.windows();
    let restart = Some(Restart::StartTimeChanged { from: 100.0, to: 200.0 });
    assert_eq!(windows.iter().map(|w| w.restart).collect::<Vec<_>>(), [None, restart, None]);
    assert_eq!(windows.iter().map(|w| w.process).collect::<Vec<_>>(), [0, 1, 1]);
    assert_eq!(timeline.processes(), 2);
    let across = timeline.increase(&windows[1], "a", &[]).unwrap();
    assert_eq!((across.value, across.reset), (40.0, true));
    assert_eq!(timeline.process_increase(0, "a", &[]).unwrap().value, 20.0);
    assert_eq!(timeline.process_increase(1, "a", &[]).unwrap().value, 45.0);
    assert_eq!(timeline.process_increase(2, "a", &[]), None);
    assert_eq!(timeline.total_increase("a", &[]).unwrap().value, 65.0);
    assert_eq!(timeline.lifetime("a", &[]), Some(75.0));
}

#[test]
fn without_a_start_time_a_counter_that_falls_is_a_restart() {
    let pages = [
        "# TYPE a counter\na 10\n# TYPE g gauge\ng 5\n",
        "# TYPE a counter\na 3\n# TYPE g gauge\ng 1\n",
    ];
    let timeline = timeline(&pages);
    assert_eq!(timeline.windows()[0].restart, Some(Restart::CountersFell { series: 1 }));
    assert_eq!(timeline.increase(&timeline.windows()[0], "a", &[]).unwrap().value, 3.0);
}

#[test]
fn a_gauge_that_falls_is_no_restart() {
    let timeline =
        timeline(&["# TYPE g gauge\ng 5\nuntyped 3\n", "# TYPE g gauge\ng 1\nuntyped 1\n"]);
    assert_eq!(timeline.windows()[0].restart, None);
}

#[test]
fn within_one_process_a_counter_that_falls_was_reset_by_itself() {
    let a = |x, y| format!("# TYPE a counter\na{{m=\"x\"}} {x}\na{{m=\"y\"}} {y}\n");
    let timeline = timeline(&[&process(100.0, 1.0, &a(10, 1)), &process(100.0, 2.0, &a(4, 3))]);
    let window = &timeline.windows()[0];
    assert_eq!(window.restart, None);
    let increase = timeline.increase(window, "a", &[]).unwrap();
    assert_eq!((increase.value, increase.reset), (6.0, true));
    assert!(!timeline.increase(window, "a", &[("m", "y")]).unwrap().reset);
}

#[test]
fn nan_and_creation_times_are_not_counted() {
    let timeline = timeline(&[
        "# TYPE a counter\na_total NaN\na_total{m=\"x\"} 1\na_created 1.7e9\n",
        "# TYPE a counter\na_total 5\na_total{m=\"x\"} NaN\na_created 1.8e9\n",
    ]);
    let window = &timeline.windows()[0];
    let a = timeline.increase(window, "a_total", &[]).unwrap();
    assert_eq!((a.value, a.series, a.unproven), (0.0, 0, 2));
    assert_eq!(timeline.increase(window, "a_created", &[]), None);
    assert_eq!(timeline.lifetime("a_created", &[]), None);
}

#[test]
fn repeats_count_once() {
    let pages = ["# TYPE a counter\na 1\na 1\n", "# TYPE a counter\na 3\na 3\n"];
    let timeline = timeline(&pages);
    assert_eq!(timeline.increase(&timeline.windows()[0], "a", &[]).unwrap().value, 2.0);
}

#[test]
fn times_that_contradict_the_order_give_no_length() {
    let timeline = Timeline::from_scrapes(vec![
        Captured::new(0, Some(50.0), page(&process(100.0, 1.0, ""))),
        Captured::new(1, Some(20.0), page(&process(100.0, 2.0, ""))),
        Captured::new(2, None, page(&process(100.0, 3.0, ""))),
    ]);
    assert_eq!(timeline.order(), [0, 1, 2]);
    assert_eq!(timeline.windows().iter().map(|w| w.seconds).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn histograms_of_a_window() {
    let h = |low, all, sum| {
        format!(
            "h_bucket{{le=\"1\"}} {low}\nh_bucket{{le=\"+Inf\"}} {all}\nh_sum {sum}\nh_count {all}\n"
        )
    };
    let timeline = timeline(&[&h(4, 8, 80), &h(8, 12, 82), "x 1\n", &h(9, 13, 83)]);
    let windows = timeline.windows();
    let in_window = |at: usize| timeline.histograms(&windows[at], "h", &[]);
    assert_eq!(in_window(0)[0].mean(), Some(0.5));
    assert_eq!(in_window(0)[0].quantile(1.0).unwrap().value, 1.0);
    assert_eq!(in_window(1), []);
    assert_eq!(in_window(2)[0].count(), Some(13.0));
    assert_eq!(timeline.histograms(&windows[0], "h", &[("m", "x")]), []);
}

/// The real page grown by one request more: what the windows of real scrapes look like.
#[test]
fn a_real_page_against_itself() {
    let text = include_str!("data/lmcache-0.5.6.prom");
    let later = text.replace(
        "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"test-model\"} 49152.0",
        "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"test-model\"} 57344.0",
    );
    let timeline = timeline(&[text, &later]);
    let window = &timeline.windows()[0];
    let names: Vec<_> = timeline.scrapes()[0].scrape.sample_names().collect();
    let grown: Vec<_> = names
        .into_iter()
        .filter_map(|name| Some((name, timeline.increase(window, name, &[])?.value)))
        .filter(|(_, value)| *value != 0.0)
        .collect();
    assert_eq!(grown, [("lmcache_mp_lookup_requested_tokens_total", 8192.0)]);
}

#[test]
fn a_signal_grows_under_any_of_its_names_and_a_ratio_needs_a_whole() {
    let catalog = lmcache_prom::contract::Catalog::new();
    let old =
        |n: u32| process(100.0, f64::from(n), &format!("lmcache_mp_l1_evicted_keys_total {n}\n"));
    let new = |start: f64, n: u32| {
        process(start, f64::from(n), &format!("lmcache_mp_l1_evicted_chunks_total {n}\n"))
    };
    let line = timeline(&[&old(5), &old(8), &new(200.0, 3), &new(200.0, 4)]);
    let grown: Vec<Option<f64>> = line
        .windows()
        .iter()
        .map(|w| line.increase_of(&catalog, w, "mp.l1.evictions").map(|i| i.value))
        .collect();
    assert_eq!(grown, [Some(3.0), Some(3.0), Some(1.0)]);
    // Gone with the upgrade: nothing is invented.
    let line = timeline(&[&old(5), &process(100.0, 9.0, "")]);
    let gone = line.increase_of(&catalog, &line.windows()[0], "mp.l1.evictions").unwrap();
    assert_eq!((gone.value, gone.series, gone.vanished), (0.0, 0, 1));
    assert!(line.increase_of(&catalog, &line.windows()[0], "mp.lookup.hit_tokens").is_none());
    assert!(line.increase_of(&catalog, &line.windows()[0], "no.such").is_none());

    let line = timeline(&[
        "a_total 1\nb_total 4\nc_total 2\nd_total NaN\n",
        "a_total 2\nb_total 8\nc_total 2\nd_total 5\n",
    ]);
    let of = |name| line.increase(&line.windows()[0], name, &[]).unwrap();
    assert_eq!(of("a_total").ratio_to(&of("b_total")), Some(0.25));
    assert_eq!(of("c_total").ratio_to(&of("b_total")), Some(0.0));
    assert_eq!(of("c_total").ratio_to(&of("c_total")), None);
    assert_eq!(of("d_total").ratio_to(&of("b_total")), None);
}
