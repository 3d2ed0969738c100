//! Renderings of the reports.

pub mod terminal;
