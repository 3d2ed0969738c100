#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod body;
mod evidence;
mod flat;
mod routes;
mod status;

pub use body::{Body, ThreadFacts, read_body};
pub use evidence::{Answer, Endpoint, HttpEvidence, HttpReader};
pub use flat::Statement;
pub use routes::{Class, Route, Routes, RoutesError, Server};
pub use status::{L1Facts, Liveness, Status};
