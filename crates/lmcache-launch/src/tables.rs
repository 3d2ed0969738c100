//! The committed tables: what a release knows is data, not code.

/// Rows of a table: lines that are not comments, by tabs.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

fn at(row: &[&'static str], index: usize) -> &'static str {
    row.get(index).copied().unwrap_or_default()
}

/// Programs by the words of their command lines.
pub(crate) const PROGRAMS: &str = include_str!("../tables/programs.tsv");
/// Facts about models.
pub(crate) const MODELS: &str = include_str!("../tables/models.tsv");
/// Connectors by engine.
pub(crate) const CONNECTORS: &str = include_str!("../tables/connectors.tsv");
/// Kernel messages.
pub(crate) const KERNEL: &str = include_str!("../tables/kernel.tsv");
/// Messages of the scraper.
pub(crate) const PROM_LOG: &str = include_str!("../tables/prom_log.tsv");
/// Fields of request records.
pub(crate) const REQUEST_KEYS: &str = include_str!("../tables/request_keys.tsv");
/// Fields of workload descriptions.
pub(crate) const WORKLOAD_KEYS: &str = include_str!("../tables/workload_keys.tsv");
const FLAGS: &str = include_str!("../tables/flags.tsv");
const CONFIG_KEYS: &str = include_str!("../tables/config_keys.tsv");
const KNOWN_KEYS: &str = include_str!("../tables/known_keys.tsv");
const KEY_ALIASES: &str = include_str!("../tables/key_aliases.tsv");
const ENV: &str = include_str!("../tables/env.tsv");
const EXTRA: &str = include_str!("../tables/extra_config.tsv");
const RUNTIME: &str = include_str!("../tables/runtime.tsv");
const DEFAULTS: &str = include_str!("../tables/defaults.tsv");

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Value,
    Bool,
    Many,
    Json,
}

/// A known flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlagRow {
    pub takes: Takes,
    pub setting: Option<&'static str>,
    pub convert: &'static str,
}

fn opt(text: &'static str) -> Option<&'static str> {
    (!matches!(text, "" | "-")).then_some(text)
}

/// A known flag of a product, dashes and underscores alike.
pub(crate) fn flag(product: &str, name: &str) -> Option<FlagRow> {
    let mut common = None;
    for row in rows(FLAGS) {
        if at(&row, 0) != product && at(&row, 0) != "*" {
            continue;
        }
        if !at(&row, 1).split(',').any(|one| one == name) {
            continue;
        }
        let takes = match at(&row, 2) {
            "bool" => Takes::Bool,
            "many" => Takes::Many,
            "json" => Takes::Json,
            _ => Takes::Value,
        };
        let found = FlagRow { takes, setting: opt(at(&row, 3)), convert: at(&row, 4) };
        if at(&row, 0) == product {
            return Some(found);
        }
        common = Some(found);
    }
    common
}

/// The setting of a key of LMCache's configuration; `None` if no release knows the key.
pub(crate) fn config_key(key: &str) -> Option<String> {
    let key = rows(KEY_ALIASES).find(|row| at(row, 0) == key).map_or(key, |row| at(&row, 1));
    if let Some(row) = rows(CONFIG_KEYS).find(|row| at(row, 0) == key) {
        return Some(at(&row, 1).to_owned());
    }
    rows(KNOWN_KEYS).any(|row| at(&row, 0) == key).then(|| format!("lmcache.{key}"))
}

/// The setting behind a key as programs print it of themselves: a key of LMCache's configuration,
/// or a flag of an engine with underscores (`tensor_parallel_size`).
///
/// ```
/// assert_eq!(lmcache_launch::setting_of("max_local_cpu_size").as_deref(), Some("max_local_cpu_size_gb"));
/// assert_eq!(lmcache_launch::setting_of("tensor_parallel_size").as_deref(), Some("tensor_parallel"));
/// ```
pub fn setting_of(key: &str) -> Option<String> {
    config_key(key).filter(|name| !name.starts_with("lmcache.")).or_else(|| {
        let dashes = format!("--{}", key.replace('_', "-"));
        let row = flag("vllm", &dashes).or_else(|| flag("sglang", &dashes))?;
        row.setting.map(str::to_owned)
    })
}

/// What the tables know of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Env {
    /// Its value is not kept.
    Unlisted,
    /// Its value is kept.
    Kept,
    /// Its value is kept and gives this setting.
    Sets(String),
}

/// Whether a variable's value is kept, and the setting it gives.
pub(crate) fn env(name: &str) -> Env {
    let row = rows(ENV).find(|row| {
        let pattern = at(row, 0);
        pattern.strip_suffix('*').map_or(pattern == name, |head| name.starts_with(head))
    });
    let Some(row) = row else { return Env::Unlisted };
    match at(&row, 1) {
        "" | "-" => Env::Kept,
        "=" => {
            let key = name.strip_prefix("LMCACHE_").unwrap_or(name).to_ascii_lowercase();
            Env::Sets(config_key(&key).unwrap_or_else(|| format!("lmcache.{key}")))
        }
        setting => Env::Sets(setting.to_owned()),
    }
}

/// The setting of a key of `kv_connector_extra_config`.
pub(crate) fn extra(key: &str) -> Option<String> {
    if let Some(row) = rows(EXTRA).find(|row| at(row, 0) == key) {
        return Some(at(&row, 1).to_owned());
    }
    key.strip_prefix("lmcache.").and_then(config_key)
}

/// Pointers into the report of a running engine: pointer, setting, convert.
pub(crate) fn runtime(
    answer: &str,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    rows(RUNTIME)
        .filter(move |row| at(row, 0) == answer)
        .map(|row| (at(&row, 1), at(&row, 2), at(&row, 3)))
}

/// A default of a release.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DefaultRow {
    pub name: &'static str,
    pub value: &'static str,
    pub source: &'static str,
}

/// A release as numbers, for comparing: `0.3.9.post2` is `[0, 3, 9, 2]`.
pub(crate) fn release(text: &str) -> Option<Vec<u64>> {
    let text = text.trim().trim_start_matches('v');
    let core = text.split(['+', '-']).next().unwrap_or_default();
    let mut out = Vec::new();
    for part in core.split('.') {
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        out.push(digits.parse().ok()?);
    }
    (out.len() >= 2).then_some(out)
}

/// Defaults of a program (`mp_server`, `embedded`, `coordinator`, ...) in a release.
pub(crate) fn defaults(program: &str, version: &str) -> Vec<DefaultRow> {
    let Some(version) = release(version) else { return Vec::new() };
    let holds = |row: &[&'static str]| {
        let bound = |i: usize| release(at(row, i));
        bound(2).is_none_or(|first| first <= version)
            && bound(3).is_none_or(|until| version < until)
            && bound(4).is_none_or(|last| version <= last)
    };
    rows(DEFAULTS)
        .filter(|row| at(row, 0) == program && holds(row))
        .map(|row| DefaultRow { name: at(&row, 1), value: at(&row, 5), source: at(&row, 6) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_well_formed() {
        let tables = [
            (PROGRAMS, 3),
            (MODELS, 4),
            (CONNECTORS, 7),
            (KERNEL, 2),
            (PROM_LOG, 2),
            (REQUEST_KEYS, 3),
            (WORKLOAD_KEYS, 3),
            (FLAGS, 6),
            (CONFIG_KEYS, 4),
            (KNOWN_KEYS, 3),
            (KEY_ALIASES, 3),
            (ENV, 3),
            (EXTRA, 3),
            (RUNTIME, 5),
            (DEFAULTS, 7),
        ];
        for (table, columns) in tables {
            for row in rows(table) {
                assert_eq!(row.len(), columns, "{row:?}");
            }
        }
    }

    #[test]
    fn releases_compare() {
        assert!(release("0.3.9.post2") < release("0.3.12"));
        assert_eq!(release("v0.5.6+cu129"), Some(vec![0, 5, 6]));
        assert_eq!(release("main"), None);
        let http = |v: &str| {
            defaults("mp_server", v).iter().find(|d| d.name == "--http-host").map(|d| d.value)
        };
        assert_eq!(http("0.5.5"), Some("\"0.0.0.0\""));
        assert_eq!(http("0.5.6"), Some("\"127.0.0.1\""));
    }
}
