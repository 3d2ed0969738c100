//! Times of the records by the monotonic and the wall clock.

use serde::{Deserialize, Serialize};

use crate::header::Header;

/// Times by both clocks. A field is `None` where no record has a finite time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Clocks {
    /// `t_mono` of the first record, in seconds since the start of the recording.
    pub first_mono_s: Option<f64>,
    /// `t_mono` of the last record.
    pub last_mono_s: Option<f64>,
    /// The largest `t_mono`: what LMCache's `trace info` calls the duration.
    pub max_mono_s: Option<f64>,
    /// `t_wall` of the first record, in seconds since 1970.
    pub first_wall_s: Option<f64>,
    /// `t_wall` of the last record.
    pub last_wall_s: Option<f64>,
    /// From the first to the last record by the monotonic clock.
    pub duration_mono_s: Option<f64>,
    /// From the first to the last record by the wall clock.
    pub duration_wall_s: Option<f64>,
    /// How far the wall clock ran ahead of the monotonic one from the header to the
    /// last record, in seconds. Some tenths of a millisecond are the time between
    /// the two readings of a record.
    pub drift_s: Option<f64>,
    /// The largest change of that difference from one record to the next: a wall
    /// clock that was set shows here.
    pub max_step_s: Option<f64>,
    /// Records whose `t_mono` is smaller than that of the record before. Calls are
    /// published by several threads: a few of some milliseconds are normal.
    pub backward_records: u64,
    /// The largest such step, in seconds.
    pub max_backward_s: f64,
}

#[derive(Debug)]
pub(super) struct ClockTally {
    wall_start: f64,
    out: Clocks,
    offset: Option<f64>,
}

impl ClockTally {
    pub(super) fn new(header: &Header) -> Self {
        ClockTally { wall_start: header.t_wall_start, out: Clocks::default(), offset: None }
    }

    #[inline]
    pub(super) fn add(&mut self, mono: f64, wall: f64) {
        let out = &mut self.out;
        if let Some(last) = out.last_mono_s
            && mono < last
        {
            out.backward_records += 1;
            out.max_backward_s = out.max_backward_s.max(last - mono);
        }
        out.first_mono_s.get_or_insert(mono);
        out.first_wall_s.get_or_insert(wall);
        out.last_mono_s = Some(mono);
        out.last_wall_s = Some(wall);
        out.max_mono_s = Some(out.max_mono_s.map_or(mono, |max| max.max(mono)));
        let offset = wall - mono;
        if let Some(before) = self.offset {
            let step = (offset - before).abs();
            out.max_step_s = Some(out.max_step_s.map_or(step, |max| max.max(step)));
        }
        self.offset = Some(offset);
    }

    pub(super) fn finish(self) -> Clocks {
        let mut out = self.out;
        let between = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| b - a);
        out.duration_mono_s = between(out.first_mono_s, out.last_mono_s);
        out.duration_wall_s = between(out.first_wall_s, out.last_wall_s);
        out.drift_s = self.offset.map(|offset| offset - self.wall_start).filter(|d| d.is_finite());
        out
    }
}
