//! Reading the tables that are compiled in.

use std::collections::BTreeMap;

use lmcache_prom::contract::Release;

use super::{Class, Method, Question, Route, Side};
use crate::component::Component;

const LMCACHE: &str = include_str!("../../contract/routes.csv");
const ENGINES: &str = include_str!("../../contract/engine_routes.csv");
const QUESTIONS: &str = include_str!("../../contract/questions.csv");
const STATUS_KEYS: &str = include_str!("../../contract/status_keys.csv");
const COMMITS: &str = include_str!("../../contract/commits.csv");

/// Lines that hold data: no comments, no heading.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1)
}

pub(super) fn routes() -> Vec<Route> {
    lines(LMCACHE).chain(lines(ENGINES)).filter_map(row).collect()
}

pub(super) fn commits() -> (BTreeMap<&'static str, Release>, Vec<Release>) {
    let rows: Vec<(&str, Release)> = lines(COMMITS)
        .filter_map(|line| {
            let (release, commit) = line.split_once('|')?;
            Some((commit, release.parse().ok()?))
        })
        .collect();
    let releases = rows.iter().map(|(_, release)| *release).collect();
    (rows.into_iter().collect(), releases)
}

/// A key of `/status` and the releases that have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatusKey {
    pub(super) key: &'static str,
    pub(super) from: Release,
    pub(super) to: Option<Release>,
}

pub(super) fn status_keys() -> Vec<StatusKey> {
    lines(STATUS_KEYS)
        .filter_map(|line| {
            let mut cells = line.split('|');
            let (key, from, to) = (cells.next()?, cells.next()?, cells.next()?);
            Some(StatusKey { key, from: from.parse().ok()?, to: to.parse().ok() })
        })
        .collect()
}

/// The questions, without their paths.
pub(super) fn questions() -> Vec<Question> {
    lines(QUESTIONS)
        .filter_map(|line| {
            let mut cells = line.split('|');
            let side = match cells.next()? {
                "lmcache" => Side::Lmcache,
                "engine" => Side::Engine,
                _ => return None,
            };
            let (name, established, file) = (cells.next()?, cells.next()? == "yes", cells.next()?);
            Some(Question { side, name, established, file, paths: Vec::new() })
        })
        .collect()
}

fn row(line: &'static str) -> Option<Route> {
    let mut cells = line.split('|');
    let mut cell = || cells.next();
    let component = Component::from_name(cell()?)?;
    let method = Method::from_name(cell()?)?;
    let path = cell()?;
    let from = cell()?.parse().ok();
    let to = cell()?.parse().ok();
    let class = Class::from_name(cell()?)?;
    let (why, exposes, previous, next) = (cell()?, cell()?, cell()?, cell()?);
    let ask = cell()?;
    let note = cell()?;
    Some(Route {
        component,
        method,
        path,
        from,
        to,
        class,
        why,
        exposes,
        previous,
        next,
        ask,
        note,
    })
}

/// Whether a path fits a template: `{x}` is one segment, `{x:path}` the rest.
pub(super) fn template_matches(template: &str, path: &str) -> bool {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) => {
                if want.starts_with('{') && want.ends_with(":path}") {
                    return true;
                }
                let parameter = want.starts_with('{') && want.ends_with('}');
                if !(want == have || parameter && !have.is_empty()) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let count = lines(LMCACHE).count() + lines(ENGINES).count();
        assert!(count > 150);
        assert_eq!(routes().len(), count);
        assert_eq!(commits().1.len(), 19);
        assert_eq!(questions().len(), lines(QUESTIONS).count());
        assert_eq!(status_keys().len(), lines(STATUS_KEYS).count());
    }

    #[test]
    fn templates() {
        for (template, path, want) in [
            ("/quota/{cache_salt}", "/quota/a", true),
            ("/quota/{cache_salt}", "/quota", false),
            ("/quota/{cache_salt}", "/quota/", false),
            ("/reconfigure/{backend}/l2/status", "/reconfigure/fs/l2/status", true),
            ("/proxy2/{node}/{path:path}", "/proxy2/a/b/c", true),
            ("/", "/", true),
            ("/status", "/status2", false),
        ] {
            assert_eq!(template_matches(template, path), want, "{template} {path}");
        }
    }
}
