//! The grammar of Prometheus text 0.0.4 and OpenMetrics 1.0, as borrowed events.
//!
//! | have | use |
//! |---|---|
//! | the whole input in memory | [`parse_slice`] |
//! | a reader (a file of any size) | [`parse_reader`] |
//! | chunks that arrive | [`StreamParser`] |
//!
//! All three run the same code over complete lines and give the same events. None holds more
//! than one line of at most [`MAX_LINE`] bytes; a longer one is an issue and is skipped.
//!
//! ```
//! use lmcache_prom::text::{parse_slice, Event, Scratch};
//!
//! let page = b"# TYPE hits counter\nhits_total{tag=\"a\"} 3 # {trace_id=\"7f\"} 1\nbad{ 1\n";
//! let mut scratch = Scratch::default();
//! let (mut samples, mut issues) = (0, Vec::new());
//! let summary = parse_slice(page, &mut scratch, |event| match event {
//!     Event::Sample(sample) => {
//!         assert_eq!((sample.name, sample.value, sample.line), ("hits_total", 3.0, 2));
//!         samples += 1;
//!     }
//!     Event::Issue(issue) => issues.push(issue.to_string()),
//!     _ => {}
//! })?;
//! assert_eq!((samples, summary.lines), (1, 3));
//! assert_eq!(issues, ["line 3, column 6 (byte 67): a label name was expected"]);
//! # Ok::<(), lmcache_prom::NotExposition>(())
//! ```

mod escape;
mod event;
mod grammar;
mod issue;
mod machine;
mod number;
mod refusal;
mod stream;

pub use event::{
    Event, ExemplarValue, HelpLine, Labels, MetricKind, Place, Sample, Timestamp, TypeLine,
    UnitLine,
};
pub use issue::{Issue, IssueKind};
pub use machine::{Dialect, Scratch, Summary};
pub use refusal::{NotExposition, ReadError};
pub use stream::{StreamParser, parse_reader, parse_slice};

/// The longest line that is read, in bytes, without its line end: 1 MiB.
pub const MAX_LINE: usize = 1 << 20;
