#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod dump;
mod evidence;
mod line;
pub mod lookup_hash;
mod mask;
mod reader;
mod stat;
mod table;
mod traceback;

pub use dump::{Setting, settings};
pub use evidence::{
    ConfigEntry, Coverage, EventStat, Example, Field, LogConfig, LogEvidence, Lookups, OtherLines,
    ProcessLines, Traceback,
};
pub use line::{Line, Product, split};
pub use reader::{LogReader, MAX_LINE};
pub use table::{Row, Table, TableError};
