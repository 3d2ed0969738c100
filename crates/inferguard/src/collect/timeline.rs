//! The samples of a packet as rows: read from the redacted scrapes, so that nothing gets into a
//! row that the scrapes do not hold.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;

use lmcache_prom::contract::Catalog;
use lmcache_prom::{Captured, Scrape, Timeline};

use super::draft::Draft;
use super::metrics::SOURCES;
use crate::metrics::{
    GpuHead, GroupSummary, Groups, PageView, RawSampleRow, SampleHead, engine_rows, gpu_rows,
    group_summaries,
};

/// One sample of one endpoint.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Place of its endpoint in [`SOURCES`].
    pub(super) source: usize,
    pub(super) sequence: u32,
    /// When it was complete, in seconds since 1970.
    pub(super) at: Option<f64>,
    /// When it was due.
    pub(super) due: f64,
    /// Its scrape in the packet; `None` where it did not come.
    pub(super) file: Option<String>,
    pub(super) url: String,
    pub(super) http_status: Option<u16>,
    /// Why it did not come; empty where it did.
    pub(super) error: String,
    pub(super) message: String,
}

/// What all rows share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) engine: &'a str,
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) gpu_window: f64,
    pub(super) keep_raw: bool,
}

/// What the rows come to.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) groups: BTreeMap<String, GroupSummary>,
    pub(super) gpu_rows: usize,
    /// Series of LMCache were seen.
    pub(super) lmcache: bool,
}

const ENGINE_FILE: &str = "engine_metrics_timeline.jsonl";
const GPU_FILE: &str = "gpu_metrics_timeline.jsonl";
const RAW_FILE: &str = "raw_samples.jsonl";

/// Writes the rows of all samples, which are in order of sequence and source.
pub(super) fn write(draft: &mut Draft, samples: &[Sample], head: &Head<'_>) -> io::Result<Told> {
    let catalog = Catalog::new();
    let staging = draft.place.staging().to_owned();
    let mut engine_out = draft.lines(ENGINE_FILE)?;
    let mut gpu_out = draft.lines(GPU_FILE)?;
    let mut raw_out = if head.keep_raw { Some(draft.lines(RAW_FILE)?) } else { None };
    let mut groups = Groups::default();
    let mut captured: [Vec<Captured>; 2] = [vec![], vec![]];
    let mut told = Told { groups: BTreeMap::new(), gpu_rows: 0, lmcache: false };
    for of_one in samples.chunk_by(|a, b| a.sequence == b.sequence) {
        let mut pages: Vec<(usize, Arc<Scrape>)> = Vec::new();
        for sample in of_one {
            let text = match &sample.file {
                Some(file) => Some(fs::read(staging.join(file))?),
                None => None,
            };
            let page = text.as_deref().and_then(|text| Scrape::parse(text).ok()).map(Arc::new);
            if let Some(out) = &mut raw_out {
                raw(out, sample, text.as_deref(), head)?;
            }
            if sample.source == 2 {
                told.gpu_rows += gpus(&mut gpu_out, &mut groups, sample, page.as_deref(), head)?;
            } else if let Some(page) = page {
                pages.push((sample.source, page));
            }
        }
        for (source, page) in &pages {
            if let Some(list) = captured.get_mut(*source) {
                let at = of_one.iter().find(|s| s.source == *source).and_then(|s| s.at);
                list.push(Captured::new(list.len(), at, Arc::clone(page)));
            }
        }
        let of = |source: usize| of_one.iter().find(|s| s.source == source);
        let Some(first) = of(0).or_else(|| of(1)) else { continue };
        let time = of(0).and_then(|s| s.at).or_else(|| of(1)?.at).unwrap_or(first.due);
        let observed_at = rfc3339(time);
        let sample_head = SampleHead {
            sequence: first.sequence,
            observed_at: &observed_at,
            engine: head.engine,
            labels: head.labels,
            scrape_error: of(0).map_or("", |s| &s.error),
        };
        let views: Vec<PageView<'_>> =
            pages.iter().map(|(_, page)| PageView::new(&catalog, page)).collect();
        told.lmcache |= views.iter().any(PageView::has_lmcache);
        let mut rows = engine_rows(&sample_head, &views);
        if let Some(own) = of(1) {
            for (row, _) in rows.iter_mut().filter(|(row, _)| row.group == "lmcache") {
                row.scrape_error.clone_from(&own.error);
            }
        }
        let timelines: Vec<usize> = pages.iter().map(|(source, _)| *source).collect();
        groups.add(&rows, &timelines);
        for (row, _) in &rows {
            line(&mut engine_out, row)?;
        }
    }
    draft.keep_lines("engine_metrics_timeline", ENGINE_FILE, engine_out)?;
    draft.keep_lines("gpu_metrics_timeline", GPU_FILE, gpu_out)?;
    if let Some(out) = raw_out {
        draft.keep_lines("raw_samples", RAW_FILE, out)?;
    }
    let timelines = captured.map(Timeline::from_scrapes);
    told.groups = group_summaries(groups, &timelines);
    Ok(told)
}

fn line<T: serde::Serialize>(out: &mut impl io::Write, row: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

fn gpus(
    out: &mut impl io::Write,
    groups: &mut Groups,
    sample: &Sample,
    page: Option<&Scrape>,
    head: &Head<'_>,
) -> io::Result<usize> {
    let observed_at = rfc3339(sample.at.unwrap_or(sample.due));
    let gpu_head = GpuHead {
        sequence: sample.sequence,
        timestamp: sample.at,
        observed_at: &observed_at,
        window: head.gpu_window,
        labels: head.labels,
        scrape_error: &sample.error,
    };
    let rows = gpu_rows(&gpu_head, page);
    groups.add_gpus(&rows);
    for row in &rows {
        line(out, row)?;
    }
    Ok(if page.is_some() { rows.len() } else { 0 })
}

fn raw(
    out: &mut impl io::Write,
    sample: &Sample,
    text: Option<&[u8]>,
    head: &Head<'_>,
) -> io::Result<()> {
    let row = RawSampleRow {
        schema_version: "inferguard-raw-prom-samples/v1".into(),
        sequence: sample.sequence,
        observed_at: rfc3339(sample.at.unwrap_or(sample.due)),
        source: SOURCES.get(sample.source).copied().unwrap_or_default().to_owned(),
        url: sample.url.clone(),
        http_status: sample.http_status,
        scrape_error: sample.error.clone(),
        raw_text: text.map(|text| String::from_utf8_lossy(text).into_owned()),
        labels: head.labels.clone(),
    };
    line(out, &row)
}

/// Seconds since 1970 as RFC 3339 in UTC, to the millisecond.
pub(super) fn rfc3339(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is then no time")]
    let millis = (seconds * 1e3).round() as i64;
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}
