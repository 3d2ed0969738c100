//! The metric contract: which release of LMCache, vLLM and SGLang exposes which series.
//!
//! One [`Spelling`] is one line of the tables in `contract/*.csv`: a stable *signal* id and one
//! name under which some releases expose it, with type, unit, labels and when it appears. The
//! tables were read from the published packages (`lmcache` 0.3.9.post2 to 0.5.6, `vllm` 0.16.0 to
//! 0.33.0, `sglang` 0.5.6 to 0.5.23); a new release is a change of those files and of nothing
//! else.
//!
//! ```
//! use lmcache_prom::contract::{Catalog, Part};
//! let catalog = Catalog::new();
//! let old = catalog.name("lmcache_mp_l1_evicted_keys_total").unwrap();
//! let new = catalog.name("lmcache_mp_l1_evicted_chunks_total").unwrap();
//! assert_eq!(old.signal(), "mp.l1.evictions");
//! assert_eq!(new.signal(), "mp.l1.evictions");
//! assert_eq!(new.part, Part::Value);
//! assert!(catalog.name("lmcache_exporter_up").is_none());
//! ```

mod catalog;
mod infer;
mod release;
mod spelling;
mod tables;

pub use catalog::{Catalog, Form, Named, Part};
pub use infer::{
    Contradiction, Decision, Effect, Inference, SeenName, infer, narrow, narrow_range,
};
pub use release::{Release, ReleaseError};
pub use spelling::{Component, EventRule, LabelRule, Product, SeriesType, Spelling, When};
