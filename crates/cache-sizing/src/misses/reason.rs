//! The reasons.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $about:literal;)*) => {
        /// Why tokens were not served.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }

            /// What it means, in a few words.
            pub const fn about(self) -> &'static str {
                match self { $(Reason::$variant => $about,)* }
            }
        }
    };
}

reasons! {
    /// Never asked before: a prompt that begins anew, or goes on where none went on before.
    Cold = "cold", "never asked before: a new prompt, or an old one that goes on";
    /// Never asked before, behind a prefix after which earlier prompts went on otherwise.
    Diverged = "diverged", "never asked before: earlier prompts with this prefix go on otherwise";
    /// Asked before, and gone since: the size in force was too small.
    Capacity = "capacity", "asked before, and evicted since or never stored for want of room";
    /// Asked before, and in the cache when it was emptied.
    Cleared = "cleared", "was cached when the cache was emptied or the server restarted";
    /// In the cache, behind a chunk that is not.
    PrefixGap = "prefix_gap", "cached, but a chunk before it was not";
    /// Found, and its load failed.
    LoadFailed = "load_failed", "found, and its load failed";
    /// Asked before, and its store failed then.
    StoreFailed = "store_failed", "asked before, and its store failed";
    /// Behind the last whole chunk.
    Tail = "tail", "behind the last whole chunk";
    /// Of a prompt without a whole chunk.
    BelowChunk = "below_chunk", "the prompt is shorter than a chunk";
    /// Cached by the simulation and not served: the input does not tell why.
    Unknown = "unknown", "should have been served: the input does not tell why it was not";
}

/// Tokens by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReasonTokens([u64; Reason::ALL.len()]);

impl ReasonTokens {
    pub(super) fn add(&mut self, reason: Reason, tokens: u64) {
        if let Some(slot) = self.0.get_mut(reason as usize) {
            *slot = slot.saturating_add(tokens);
        }
    }

    pub(super) fn take(&mut self, reason: Reason, tokens: u64) {
        if let Some(slot) = self.0.get_mut(reason as usize) {
            *slot = slot.saturating_sub(tokens);
        }
    }

    pub(super) fn add_all(&mut self, other: &ReasonTokens) {
        for (slot, tokens) in self.0.iter_mut().zip(other.0) {
            *slot = slot.saturating_add(tokens);
        }
    }

    /// Tokens of a reason.
    pub fn get(&self, reason: Reason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// All tokens.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Each reason with its tokens.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL.iter().map(|reason| (*reason, self.get(*reason)))
    }
}
