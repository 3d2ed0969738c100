//! What an LMCache deployment can tell, what it tells, and what its silence means.
//!
//! The model takes an [`Evidence`] set (what was observed, from any lane) and gives a
//! [`Coverage`]: mode, architecture, and one judged row for each family of signals. It knows
//! nothing of files, sockets or text formats.
//!
//! The hard part is absence. A series that is not there was never supplied, not emitted yet,
//! switched off, renamed in this release, part of another mode, or lost; the model tells these
//! apart by the release's contract ([`lmcache_prom::contract`]) and by what the other series
//! prove to have happened. "Missing" is only ever said with the proof.
//!
//! ```
//! use coverage_model::{Evidence, Status, assess};
//! use lmcache_prom::contract::Catalog;
//! let coverage = assess(&Catalog::new(), &Evidence::default());
//! assert!(coverage.families.iter().all(|row| row.status != Status::Missing));
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod architecture;
mod assess;
pub mod bridge;
mod evidence;
mod families;
mod feature;
mod mode;
mod proof;
mod signal_state;
mod vocabulary;

pub use architecture::{Architecture, LABELS, Label};
pub use assess::{Coverage, FamilyRow, SILENT_PAGE, SignalRow, assess};
pub use evidence::{Evidence, Fact, FactKind, LaneReading, Observation, Source, Target};
pub use families::{FAMILIES, Family, LANES};
pub use mode::ModeVerdict;
pub use vocabulary::{Claim, Mode, RequiredWhen, Status};
