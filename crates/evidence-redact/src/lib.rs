//! placeholder
mod binary; mod class; mod config; mod engine; mod json; mod keyed; mod keys; mod kind; mod patterns; mod placeholder;
mod policy; mod prom; mod records; mod redactor; mod shapes; mod spans; mod vocabulary;
pub use class::{Class, Counts};
pub use kind::Kind;
pub use placeholder::Salt;
pub use policy::Policy;
pub use redactor::{Error, Finding, Redacted, Redactor};
