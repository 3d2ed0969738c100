#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod argv;
mod boundary;
mod clean;
mod connector;
pub mod environment;
mod envvars;
mod error;
mod evidence;
mod kind;
mod launch;
mod place;
mod process;
mod reader;
mod recognise;
mod setting;
mod shell;
mod tables;
mod yaml;

pub use boundary::{BoundaryClaim, BoundaryEvidence, BoundaryFailure, SCHEMA as BOUNDARY_SCHEMA};
pub use clean::Privacy;
pub use connector::{Connector, ConnectorClass, ConnectorMode, connector_class};
pub use environment::EnvironmentEvidence;
pub use envvars::{EnvScope, EnvState, EnvVar, Environment};
pub use error::Error;
pub use evidence::{ConfigFile, Evidence, LaunchEvidence, ModelFact, Releases};
pub use kind::{Confidence, Kind, Recognition};
pub use place::{How, Issue, Place};
pub use process::{Flag, Process, Product};
pub use reader::{MAX_BYTES, Reader, read};
pub use recognise::recognise;
pub use setting::{Setting, Source};
pub use tables::setting_of;
