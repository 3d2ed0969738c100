//! Whose HTTP server it is.

use lmcache_prom::contract::Product;
use serde::{Deserialize, Serialize};

/// A server with routes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Component {
    /// HTTP API of `lmcache server` (multiprocess mode).
    MpServer,
    /// Internal API of LMCache inside the engine's process.
    Embedded,
    /// `lmcache_controller`.
    Controller,
    /// `lmcache coordinator`.
    Coordinator,
    /// The `lmcache_frontend` web application.
    Frontend,
    /// vLLM's API server.
    Vllm,
    /// SGLang's API server.
    Sglang,
}

impl Component {
    /// Every component.
    pub const ALL: [Component; 7] = [
        Component::MpServer,
        Component::Embedded,
        Component::Controller,
        Component::Coordinator,
        Component::Frontend,
        Component::Vllm,
        Component::Sglang,
    ];

    /// The name in tables and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Component::MpServer => "mp_server",
            Component::Embedded => "embedded",
            Component::Controller => "controller",
            Component::Coordinator => "coordinator",
            Component::Frontend => "frontend",
            Component::Vllm => "vllm",
            Component::Sglang => "sglang",
        }
    }

    /// The component with this [name](Component::name).
    pub fn from_name(name: &str) -> Option<Component> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// The product whose release decides its routes.
    pub const fn product(self) -> Product {
        match self {
            Component::Vllm => Product::Vllm,
            Component::Sglang => Product::Sglang,
            _ => Product::Lmcache,
        }
    }
}
