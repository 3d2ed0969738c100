//! Words of a command line to a process.

use serde_json::{Map, Value};

use crate::clean::Cleaner;
use crate::connector;
use crate::place::{How, Issue, Place};
use crate::process::{Flag, Process, Product};
use crate::setting::{Setting, Source, convert, typed};
use crate::tables::{self, Takes};

/// Most words that are read of one command line.
const MOST: usize = 4096;

/// A word and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub text: String,
    pub place: Place,
}

fn last_part(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The product of a command line and the index after the words that name it.
pub(crate) fn program(words: &[&str]) -> Option<(Product, usize)> {
    let mut best: Option<(usize, usize, Product)> = None;
    for row in tables::rows(tables::PROGRAMS) {
        let (Some(pattern), Some(product)) = (row.first(), row.get(1)) else { continue };
        let parts: Vec<&str> = pattern.split(' ').collect();
        let fits = |at: usize| {
            parts.iter().enumerate().all(|(i, part)| {
                words.get(at + i).is_some_and(|word| {
                    if let Some(head) = part.strip_suffix("::") {
                        word.strip_prefix(head).is_some_and(|rest| rest.starts_with("::"))
                    } else {
                        *word == *part || last_part(word) == *part
                    }
                })
            })
        };
        // Values of flags are not looked at: a program stands before the first long flag that is
        // not a wrapper's.
        if let Some(at) = (0..words.len()).find(|at| fits(*at)) {
            let end = at + parts.len();
            if best.is_none_or(|(start, _, _)| at < start) {
                best = Some((at, end, Product::from_name(product)));
            }
        }
    }
    best.map(|(_, end, product)| (product, end))
}

/// `Authorization: Bearer TOKEN` falls apart where words are told by spaces.
fn without_logins(cleaner: &Cleaner, words: &[Word]) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(words.len());
    let mut scheme = false;
    for word in words {
        let text =
            if scheme { cleaner.pair("authorization", &word.text) } else { word.text.clone() };
        scheme = ["bearer", "basic", "authorization:", "x-api-key:"]
            .iter()
            .any(|s| word.text.trim_matches(['"', '\'']).eq_ignore_ascii_case(s));
        out.push(Word { text, place: word.place.clone() });
    }
    out
}

fn is_flag(word: &str) -> bool {
    word.len() > 1
        && word.starts_with('-')
        && word.as_bytes().get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'-')
}

/// Switches by the look of their names, for flags that no table knows.
fn looks_like_switch(name: &str) -> bool {
    const HEADS: &[&str] =
        &["enable-", "disable-", "no-", "use-", "skip-", "trust-", "enforce-", "allow-", "is-"];
    let name = name.trim_start_matches('-');
    HEADS.iter().any(|head| name.starts_with(head))
}

/// Reads the words into `process`: product, flags, positionals, settings, connectors.
pub(crate) fn read(
    cleaner: &Cleaner,
    words: &[Word],
    given: Option<Product>,
    process: &mut Process,
    issues: &mut Vec<Issue>,
) {
    let words = without_logins(cleaner, words.get(..words.len().min(MOST)).unwrap_or_default());
    let words = words.as_slice();
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let found = program(&texts);
    let (product, start) = match (found, given) {
        (Some((product, start)), _) => (product, start),
        (None, Some(product)) => (product, 0),
        (None, None) => (Product::Unknown, usize::from(!texts.is_empty())),
    };
    process.product = product;
    process.program = texts.iter().take(start).map(|w| cleaner.text(w)).collect();
    let mut dotted: Map<String, Value> = Map::new();
    let mut dotted_place = None;
    let mut at = start;
    while let Some(word) = words.get(at) {
        at += 1;
        if !is_flag(&word.text) {
            process.positionals.push(cleaner.text(&word.text));
            continue;
        }
        if word.text == "--" {
            continue;
        }
        let (name, mut inline) = match word.text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.text.clone(), None),
        };
        let name = normal(&name);
        let row = tables::flag(product.flag_table(), &name)
            .or_else(|| tables::flag(product.name(), &name));
        let takes = row.map_or_else(
            || if looks_like_switch(&name) { Takes::Bool } else { Takes::Value },
            |row| row.takes,
        );
        if inline.is_none() && takes != Takes::Bool {
            match words.get(at) {
                Some(next) if !is_flag(&next.text) => {
                    inline = Some(next.text.clone());
                    at += 1;
                }
                _ => {}
            }
        }
        let mut many = Vec::new();
        if takes == Takes::Many {
            many.extend(inline.take());
            while let Some(next) = words.get(at).filter(|w| !is_flag(&w.text)) {
                many.push(next.text.clone());
                at += 1;
            }
        }
        if let Some((head, key)) = name.split_once('.')
            && head == "--kv-transfer-config"
        {
            let value = inline.as_deref().map_or(Value::Bool(true), typed);
            insert_dotted(&mut dotted, &key.replace('-', "_"), value);
            dotted_place.get_or_insert_with(|| word.place.clone());
            continue;
        }
        let raw = inline.clone();
        let value = match (&inline, takes) {
            (_, Takes::Many) => {
                many.iter().map(|text| Value::from(cleaner.pair(&name, text))).collect()
            }
            (Some(text), Takes::Json) => match connector::lenient(text) {
                Some(value) => cleaner.tree(name.trim_start_matches('-'), &value),
                None => Value::from(cleaner.pair(&name, text)),
            },
            (Some(text), _) => {
                let clean = cleaner.pair(&name, text);
                typed(&clean)
            }
            (None, _) => Value::Bool(true),
        };
        process.flags.push(Flag {
            name: cleaner.text(&name),
            value: value.clone(),
            known: row.is_some(),
            place: word.place.clone(),
        });
        let Some(row) = row else {
            let key = cleaner.text(&name.trim_start_matches('-').replace('-', "_"));
            process.set(Setting {
                name: format!("{}.{key}", product.prefix()),
                value,
                source: Source::Flag,
                key: cleaner.text(&name),
                place: word.place.clone(),
                how: How::Measured,
            });
            continue;
        };
        if row.convert == "kv_transfer" {
            let raw = raw.unwrap_or_default();
            connector::from_text(cleaner, &raw, &word.place, Source::Flag, process, issues);
            continue;
        }
        let Some(setting) = row.setting else { continue };
        if row.convert == "list"
            && let Some(list) = process
                .settings
                .iter_mut()
                .find(|s| s.name == setting && s.source == Source::Flag)
                .and_then(|s| s.value.as_array_mut())
        {
            list.push(value);
            continue;
        }
        let value = match row.convert {
            "list" => Value::Array(vec![value]),
            how => convert(how, value),
        };
        // argparse takes the last of several.
        process.settings.retain(|s| !(s.name == setting && s.source == Source::Flag));
        process.set(Setting {
            name: setting.to_owned(),
            value,
            source: Source::Flag,
            key: name,
            place: word.place.clone(),
            how: How::Measured,
        });
    }
    if let Some(place) = dotted_place {
        connector::kv_transfer(cleaner, &Value::Object(dotted), &place, Source::Flag, process);
    }
    positionals(process);
}

fn normal(name: &str) -> String {
    match name.split_once('.') {
        Some((head, rest)) => format!("{}.{rest}", head.replace('_', "-")),
        None if name.starts_with("--") => name.replace('_', "-"),
        None => name.to_owned(),
    }
}

fn insert_dotted(map: &mut Map<String, Value>, path: &str, value: Value) {
    const EXTRA: &str = "kv_connector_extra_config.";
    if let Some(key) = path.strip_prefix(EXTRA) {
        let inner =
            map.entry("kv_connector_extra_config").or_insert_with(|| Value::Object(Map::new()));
        if let Some(inner) = inner.as_object_mut() {
            inner.insert(key.to_owned(), value);
        }
    } else {
        map.insert(path.to_owned(), value);
    }
}

/// What words without a flag mean: the model of `vllm serve`, host and port of `lmcache_server`.
fn positionals(process: &mut Process) {
    let names: &[&str] = match process.product {
        Product::Vllm | Product::TensorrtLlm => &["model"],
        Product::LmcacheLegacyServer => &["host", "port", "device"],
        _ => &[],
    };
    let found: Vec<Setting> = names
        .iter()
        .zip(&process.positionals)
        .filter(|(name, _)| process.setting(name).is_none())
        .map(|(name, value)| Setting {
            name: (*name).to_owned(),
            value: typed(value),
            source: Source::Flag,
            key: (*name).to_owned(),
            place: process.place.clone(),
            how: How::Measured,
        })
        .collect();
    process.settings.extend(found);
}
