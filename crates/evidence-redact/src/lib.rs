//! Takes secrets, prompts and the names of machines and people out of saved monitoring evidence,
//! and leaves every number, metric name, label, time and line where it was.
//!
//! Evidence about a KV cache is passed around: into tickets, into repositories, to vendors. Its
//! files come from different programs and repeat each other, so a useful redaction
//!
//! - knows the text kinds ([`Kind`]): exposition pages, JSON, JSON lines, logs, environments,
//!   command lines, configuration;
//! - is **consistent**: one value becomes one placeholder in all files of a packet, so that joins
//!   over hosts, chunk hashes and tenant salts still work ([`Salt`]);
//! - is **stable**: redacting twice changes nothing more, which makes "is this file clean?" a
//!   question a test can ask;
//! - keeps the place readable: a host becomes a host name, a path a path, a list of token ids
//!   says how long it was.
//!
//! ```
//! use evidence_redact::{Kind, Redactor, Salt};
//!
//! # fn main() -> Result<(), evidence_redact::Error> {
//! let mut redactor = Redactor::new(Salt::new(*b"random, per packet"))?;
//! let config = b"remote_url: redis://:hunter2x@cache-1:6379\nchunk_size: 256\n";
//! let log = b"INFO Stored 256 tokens in cache-1 (1.5 GB/s)\n";
//! // First all files are read for names, then each is rewritten.
//! redactor.learn(Kind::Config, config);
//! redactor.learn(Kind::Text, log);
//! let config = redactor.redact(Kind::Config, config);
//! let log = redactor.redact(Kind::Text, log);
//! let shown = String::from_utf8_lossy(log.bytes()).into_owned();
//! assert!(shown.starts_with("INFO Stored 256 tokens in redacted-host-"), "{shown}");
//! assert!(shown.ends_with(".invalid (1.5 GB/s)\n"));
//! assert!(String::from_utf8_lossy(config.bytes()).ends_with(":6379\nchunk_size: 256\n"));
//! assert!(redactor.redact(Kind::Config, config.bytes()).is_unchanged());
//! # Ok(())
//! # }
//! ```
//!
//! # How something is found
//!
//! | by | examples |
//! |---|---|
//! | shape | `AKIA...`, `hf_...`, JWTs, key blocks, logins in URLs, addresses, e-mail, absolute paths |
//! | the name before it | `password=`, `"prompt": `, `--api-key X`, label `cache_salt`, `- name: HF_TOKEN` / `value:` |
//! | the fields beside it | `content` beside `role`, the data of a Kubernetes Secret, OTLP attributes |
//! | having been seen elsewhere | a host name from an environment, in a log line ([`Redactor::learn`]) |
//!
//! # What stays on purpose
//!
//! Numbers, times, process and request ids, versions, file digests, random ids such as UUIDs and
//! trace ids, names of models, loopback addresses, ports, HTTP routes, paths inside installed
//! packages, system directories, sites of public projects ([`Policy`]).
//!
//! # What it cannot do
//!
//! It does not decode base64 or compression to look inside, it finds percent escapes only in words that it
//! has learnt elsewhere, it does not rewrite
//! [`Kind::Binary`] (see [`Redactor::scan`]), and it does not know that an ordinary word in prose
//! is a customer's name: tell it with [`Redactor::hide`].
//!
//! The crate does no I/O and keeps no state outside a [`Redactor`]. A text is held in memory at
//! most three times; time grows with its length.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod binary;
mod class;
mod config;
mod engine;
mod json;
mod keyed;
mod keys;
mod kind;
mod patterns;
mod placeholder;
mod policy;
mod prom;
mod records;
mod redactor;
mod shapes;
mod spans;
mod values;
mod vocabulary;

pub use class::{Class, Counts};
pub use kind::Kind;
pub use placeholder::Salt;
pub use policy::Policy;
pub use redactor::{Error, Finding, Redacted, Redactor};
