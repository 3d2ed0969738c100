//! Kernel messages.

use regex::Regex;

use super::facts::KernelFact;
use crate::clean::cut;
use crate::evidence::Evidence;
use crate::reader::Ctx;
use crate::{Error, tables};

/// Most different messages that are kept.
const MOST: usize = 1024;
/// Longest example, in bytes.
const LONGEST: usize = 300;

/// The patterns of `tables/kernel.tsv`.
pub(crate) fn patterns() -> Result<Vec<(&'static str, Regex)>, Error> {
    tables::rows(tables::KERNEL)
        .filter_map(|row| Some((*row.first()?, *row.get(1)?)))
        .map(|(code, text)| Regex::new(text).map(|r| (code, r)).map_err(|_| Error::Pattern))
        .collect()
}

/// `dmesg`, `journalctl -k`, `/var/log/kern.log`.
pub(crate) fn dmesg(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) -> Result<(), Error> {
    let patterns = patterns()?;
    let start = out.environment.kernel.len();
    for (i, line) in text.lines().enumerate() {
        let line = cut(line, 4096);
        let Some((code, found)) =
            patterns.iter().find_map(|(code, p)| p.captures(line).map(|c| (*code, c)))
        else {
            continue;
        };
        let get = |name: &str| found.name(name).map(|m| m.as_str());
        let process = get("comm").map(|n| ctx.cleaner.text(n.trim()));
        let pid = get("pid").and_then(|n| n.parse().ok());
        let detail = get("detail").or_else(|| get("device")).map(|n| ctx.cleaner.text(n));
        let same =
            out.environment.kernel.iter_mut().skip(start).find(|f| {
                f.code == code && f.process == process && f.pid == pid && f.detail == detail
            });
        if let Some(fact) = same {
            fact.count += 1;
        } else if out.environment.kernel.len() - start < MOST {
            out.environment.kernel.push(KernelFact {
                code: code.to_owned(),
                process,
                pid,
                rss_bytes: get("kb")
                    .and_then(|n| n.parse::<u64>().ok())
                    .map(|n| n.saturating_mul(1024)),
                detail,
                count: 1,
                example: cut(&ctx.cleaner.text(line.trim()), LONGEST).to_owned(),
                place: ctx.base.line(i + 1),
            });
        }
    }
    Ok(())
}
