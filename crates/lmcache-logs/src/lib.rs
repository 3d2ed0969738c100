#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod access;
mod category;
mod evidence;
mod finish;
mod line;
pub mod lookup_hash;
mod options;
mod product;
mod reader;
mod settings;
mod shape;
mod stamp;
mod state;
mod table;
mod template;
mod text;
mod trace;

pub use category::CATEGORIES;
pub use evidence::{
    ConfigHints, Coverage, Dropped, EventStat, Example, HttpStat, LOGS_SCHEMA, LogEvidence,
    NumberStat, NumericHints, OtherGroup, ProductCoverage, RequestStats, Setting, SpeedHint,
    TextStat, Traceback,
};
pub use line::{Line, parse_line};
pub use options::{LogError, LogOptions};
pub use product::{Level, Product};
pub use reader::{LogReader, read};
pub use table::{EventRow, Phase, event_table};
