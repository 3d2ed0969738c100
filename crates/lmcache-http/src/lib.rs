#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod body;
mod capture;
mod component;
mod evidence;
mod flat;
mod json;
mod owner;
mod reading;
mod release;
mod routes;
mod status;

pub use body::{
    Body, ChunkFacts, LogLevels, OpenapiFacts, PeriodicThread, QuotaFacts, SaltQuota, Stack,
    Stacks, ThreadFacts, salt_placeholder,
};
pub use capture::{Capture, MAX_RECORDS, captures};
pub use component::Component;
pub use evidence::{Endpoint, HttpEvidence};
pub use flat::Statement;
pub use reading::{Answer, Presence, Reader, Reading};
pub use release::{ReleaseEvidence, release_evidence};
pub use routes::{Class, Method, Question, Route, Routes, Side, Skipped, path_of};
pub use status::{L1Facts, Liveness, Status};
