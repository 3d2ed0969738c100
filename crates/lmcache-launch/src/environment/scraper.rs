//! Prometheus' log: logfmt (old and new field names) and JSON lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::observed::ScraperMessage;
use crate::clean::cut;
use crate::evidence::Evidence;
use crate::reader::Ctx;
use crate::tables;

/// Most different messages that are kept.
const MOST: usize = 1024;
const LONGEST: usize = 400;

/// What an error of a scrape is, by `tables/prom_log.tsv`.
pub(crate) fn error_code(text: &str) -> &'static str {
    let lower = text.to_ascii_lowercase();
    tables::rows(tables::PROM_LOG)
        .find(|row| row.get(1).is_some_and(|part| lower.contains(part)))
        .and_then(|row| row.first().copied())
        .unwrap_or("other")
}

/// Fields of a line in logfmt.
pub(crate) fn logfmt(line: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = line.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim();
        if key.is_empty() || key.contains(char::is_whitespace) || key.contains('"') {
            break;
        }
        let mut value = String::new();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut escaped = false;
            let mut end = quoted.len();
            for (i, c) in quoted.char_indices() {
                if escaped {
                    value.push(if c == 'n' { '\n' } else { c });
                    escaped = false;
                } else if c == '\\' {
                    escaped = true;
                } else if c == '"' {
                    end = i + 1;
                    break;
                } else {
                    value.push(c);
                }
            }
            rest = quoted.get(end..).unwrap_or_default().trim_start();
        } else {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            value.push_str(after.get(..end).unwrap_or_default());
            rest = after.get(end..).unwrap_or_default().trim_start();
        }
        out.push((key.to_owned(), value));
    }
    out
}

fn fields(line: &str) -> Vec<(String, String)> {
    if line.starts_with('{')
        && let Ok(Value::Object(map)) = serde_json::from_str(line)
    {
        return map
            .into_iter()
            .map(|(k, v)| (k, v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
    }
    // Some shippers put a prefix before the line.
    let start = ["time=", "ts=", "level="].iter().filter_map(|m| line.find(m)).min().unwrap_or(0);
    logfmt(line.get(start..).unwrap_or_default())
}

/// Messages that warn or fail, grouped by what they say, job and target.
pub(crate) fn prometheus_log(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let start = out.environment.scraper_log.len();
    let mut seen: BTreeMap<[Option<String>; 4], usize> = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let fields = fields(cut(line, 16_384));
        let get = |names: &[&str]| {
            fields.iter().find(|(k, _)| names.contains(&k.as_str())).map(|(_, v)| v.as_str())
        };
        let message = get(&["msg", "message"]).unwrap_or_default();
        let error = get(&["err", "error"]);
        if message.is_empty() && error.is_none() {
            continue;
        }
        let level = get(&["level"]).map(str::to_ascii_lowercase);
        let told = format!("{} {message}", error.unwrap_or_default());
        let code = error_code(&told);
        let loud = matches!(level.as_deref(), Some("warn" | "warning" | "error" | "err"));
        if code == "other" && !loud && error.is_none() {
            continue;
        }
        let pool = get(&["scrape_pool", "job"]);
        let target = get(&["target"]);
        let time = get(&["time", "ts"]).map(|t| cut(t, 40).to_owned());
        let dropped: u64 = get(&["num_dropped"]).and_then(|n| n.parse().ok()).unwrap_or(0);
        let key = [Some(code), level.as_deref(), pool, target].map(|t| t.map(str::to_owned));
        let known = seen.get(&key).and_then(|at| out.environment.scraper_log.get_mut(*at));
        if let Some(found) = known {
            found.count += 1;
            found.dropped_samples = found.dropped_samples.saturating_add(dropped);
            found.last = time.or(found.last.take());
        } else if out.environment.scraper_log.len() - start < MOST {
            let example = match error {
                Some(error) => format!("{message}: {error}"),
                None => message.to_owned(),
            };
            seen.insert(key, out.environment.scraper_log.len());
            out.environment.scraper_log.push(ScraperMessage {
                code: code.to_owned(),
                level: level.map(|l| ctx.cleaner.text(&l)),
                pool: pool.map(|p| ctx.cleaner.text(p)),
                target: target.map(|t| ctx.cleaner.text(t)),
                count: 1,
                dropped_samples: dropped,
                first: time.clone(),
                last: time,
                example: cut(&ctx.cleaner.text(&example), LONGEST).to_owned(),
                place: ctx.base.line(i + 1),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logfmt_fields() {
        let found = logfmt(r#"a=1 b="x \"y\" z" c= d=e"#);
        let want = [("a", "1"), ("b", "x \"y\" z"), ("c", ""), ("d", "e")];
        let want: Vec<_> = want.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(found, want);
        assert_eq!(error_code("Get \"x\": context deadline exceeded"), "scrape-timeout");
    }
}
