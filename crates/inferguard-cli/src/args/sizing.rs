//! Arguments of `capacity` and `misses`.

use std::path::PathBuf;

use cache_sizing::{L2Load, L2Store, Order, Policy};
use clap::{Args, ValueEnum};
use inferguard::report::By;

use super::Common;

/// What is read, and what is known of chunks.
#[derive(Debug, Args)]
pub(crate) struct Lookups {
    /// Lookup-hash logs and storage traces: files, directories (all rotated files of one or
    /// several servers, merged by time), packets, or - for standard input; gzip is inflated
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Bytes of a chunk over all ranks, where the log does not tell them or tells one rank's
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "ranks")]
    pub(crate) chunk_bytes: Option<u64>,
    /// Ranks that each keep a part as large as the log tells (tensor parallel size)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub(crate) ranks: Option<u64>,
    /// Tokens of a chunk, where the input does not tell them (traces do not)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(crate) chunk_size: Option<u64>,
    /// The size in force, where the evidence does not tell it
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) current_size: Option<u64>,
    /// Memory for lookups: within it figures are exact, beyond it estimated from a sample
    #[arg(long, default_value = "1GiB", value_name = "SIZE", value_parser = size)]
    pub(crate) memory: u64,
}

#[derive(Debug, Args)]
pub(crate) struct CapacityArgs {
    #[command(flatten)]
    pub(crate) lookups: Lookups,
    /// Sizes to compare, such as 8GiB,16GiB [default: powers of two up to what is enough]
    #[arg(long, value_name = "SIZE,...", value_delimiter = ',', value_parser = size)]
    pub(crate) sizes: Vec<u64>,
    /// Policy of the simulation [default: the one in force, else lru]
    #[arg(long, value_enum)]
    pub(crate) policy: Option<PolicyArg>,
    /// An L2 of this size behind each of them; 0 is one without limit
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) l2: Option<u64>,
    /// What L1 keeps of what L2 has
    #[arg(long, value_enum, default_value_t = L2StoreArg::Default)]
    pub(crate) l2_store_policy: L2StoreArg,
    /// What L1 keeps of what was loaded from L2
    #[arg(long, value_enum, default_value_t = L2LoadArg::Default)]
    pub(crate) l2_prefetch_policy: L2LoadArg,
    /// L1 usage at which eviction begins [default: the one in force, else 0.8]
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub(crate) eviction_trigger_watermark: Option<f64>,
    /// Share of the keys that one pass evicts [default: the one in force, else 0.2]
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub(crate) eviction_ratio: Option<f64>,
    /// Quota of a model or salt for isolated-lru (repeatable)
    #[arg(long, value_name = "NAME=SIZE", value_parser = quota)]
    pub(crate) quota: Vec<(String, u64)>,
    /// Rows for each model or salt
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) by: Option<ByArg>,
    /// Share of all tokens that is to be served: at which size?
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub(crate) target_hit_rate: Option<f64>,
    /// In which order a prompt's chunks are touched
    #[arg(long, value_enum, default_value_t = OrderArg::TailFirst)]
    pub(crate) touch_order: OrderArg,
    /// Tokens that the engine prefills in a second [default: that of an engine's metrics among
    /// the inputs]
    #[arg(long, value_name = "N", value_parser = super::positive)]
    pub(crate) prefill_tokens_per_second: Option<f64>,
    /// What an hour of the engine costs, in any currency
    #[arg(long, value_name = "PRICE", value_parser = super::positive)]
    pub(crate) price_per_hour: Option<f64>,
    /// Also write the curve as a picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Also write the curve as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct MissesArgs {
    #[command(flatten)]
    pub(crate) lookups: Lookups,
    /// When the cache was emptied or the server restarted, where the evidence does not tell it:
    /// seconds since 1970 or 2026-11-24T02:59:40Z (repeatable)
    #[arg(long, value_name = "TIME", value_parser = clock)]
    pub(crate) cleared_at: Vec<f64>,
    /// Requests and families that are listed
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(crate) top: u32,
    /// Also write the reasons as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident => $of:ident { $($(#[$about:meta])* $variant:ident => $to:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name {
            $($(#[$about])* $variant,)*
        }

        impl From<$name> for $of {
            fn from(choice: $name) -> Self {
                match choice {
                    $($name::$variant => Self::$to,)*
                }
            }
        }
    };
}

choice! {
    PolicyArg => Policy {
        /// What was used longest ago goes first
        Lru => Lru,
        /// Adaptive replacement, as LMCache 0.5.6 has it
        Arc => Arc,
        /// A list for each model or salt, held to its --quota
        IsolatedLru => IsolatedLru,
        /// Nothing is evicted
        Noop => Noop,
    }
}

choice! {
    OrderArg => Order {
        /// As LMCache's servers do: a prompt loses its tail first
        TailFirst => TailFirst,
        /// As LMCache's cache-simulator does
        HeadFirst => HeadFirst,
    }
}

choice! {
    L2StoreArg => L2Store {
        /// Everything
        Default => Default,
        /// Nothing: L1 is a buffer
        #[value(name = "skip_l1")]
        SkipL1 => SkipL1,
    }
}

choice! {
    L2LoadArg => L2Load {
        /// Nothing: it is loaded for one request
        Default => Default,
        /// Everything
        Retain => Retain,
    }
}

choice! {
    ByArg => By {
        /// Models
        Model => Model,
        /// Salts, where the input records them
        Salt => Salt,
    }
}

fn quota(text: &str) -> Result<(String, u64), String> {
    let (name, bytes) = text.rsplit_once('=').ok_or("NAME=SIZE is needed")?;
    Ok((name.to_owned(), size(bytes)?))
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if n > 0.0 && n <= 1.0 => Ok(n),
        _ => Err("a share above 0 and at most 1 is needed, such as 0.8".into()),
    }
}

/// `8GiB`, `0.5GiB`, `64MB` or bytes.
fn size(text: &str) -> Result<u64, String> {
    const WANTED: &str = "a size such as 8GiB, 0.5GiB, 64MB or bytes is needed";
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = super::trace::unit(unit.trim()).ok_or(WANTED)?;
    let bytes = number.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or(WANTED)? * factor as f64;
    if bytes > 1e18 {
        return Err(WANTED.into());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1e18")]
    let bytes = bytes.round() as u64;
    Ok(bytes)
}

fn clock(text: &str) -> Result<f64, String> {
    if let Ok(n) = text.parse::<f64>()
        && n.is_finite()
    {
        return Ok(n);
    }
    text.parse::<jiff::Timestamp>()
        .map(|t| t.as_duration().as_secs_f64())
        .map_err(|_| "seconds since 1970 or 2026-11-24T02:59:40Z is needed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_ratios_and_quotas() {
        assert_eq!(size("8GiB"), Ok(8 << 30));
        assert_eq!(size("0.5GiB"), Ok(1 << 29));
        assert_eq!(size("100"), Ok(100));
        assert!(size("8 apples").is_err() && size("GiB").is_err() && size("9999999TiB").is_err());
        assert!(ratio("0.8").is_ok() && ratio("80").is_err() && ratio("nan").is_err());
        assert_eq!(quota("a=b=1kB"), Ok(("a=b".into(), 1000)));
        assert!(quota("1kB").is_err());
        assert_eq!(clock("1970-01-01T00:01:00Z"), Ok(60.0));
    }
}
