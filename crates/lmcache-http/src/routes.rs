//! Routes by release.

use serde::{Deserialize, Serialize};
use thiserror::Error;

const CONTRACT: &str = include_str!("../contract/routes.csv");

/// Which server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Server {
    /// `lmcache server`.
    Mp,
    /// The internal API of LMCache inside an engine.
    Embedded,
    /// `lmcache_controller`.
    Controller,
    /// `lmcache coordinator`.
    Coordinator,
}

/// What calling a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// Changes nothing.
    Safe,
    /// Changes something in one of its forms.
    Conditional,
    /// Changes state.
    Mutating,
    /// Changes nothing and tells what it should not: credentials, raw hashes, token ids.
    Sensitive,
}

/// One route of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Route {
    /// Server.
    pub server: Server,
    /// Method.
    pub method: String,
    /// Path; `{name}` stands for any part.
    pub path: String,
    /// First release that has it.
    pub first: String,
    /// Last release that has it; `None` for the newest.
    pub last: Option<String>,
    /// What calling it does.
    pub class: Class,
    /// What it was called before.
    pub predecessor: Option<String>,
    /// What it is called since.
    pub successor: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

/// The contract is broken, which no answer can cause.
#[derive(Debug, Error)]
#[error("the table of routes is broken: {0}")]
pub struct RoutesError(#[from] csv::Error);

/// All routes.
#[derive(Debug, Clone)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// The routes of all known releases.
    pub fn new() -> Result<Self, RoutesError> {
        #[derive(Deserialize)]
        struct Row {
            server: Server,
            method: String,
            path: String,
            first: String,
            last: String,
            class: Class,
            predecessor: String,
            successor: String,
            note: String,
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(CONTRACT.as_bytes());
        let mut out = Vec::new();
        for row in reader.deserialize() {
            let row: Row = row?;
            out.push(Route {
                server: row.server,
                method: row.method,
                path: row.path,
                first: row.first,
                last: some(row.last),
                class: row.class,
                predecessor: some(row.predecessor),
                successor: some(row.successor),
                note: some(row.note),
            });
        }
        Ok(Self(out))
    }

    /// All of them.
    pub fn all(&self) -> &[Route] {
        &self.0
    }

    /// The routes that answer a request, by any server.
    ///
    /// ```
    /// use lmcache_http::{Class, Routes};
    ///
    /// let routes = Routes::new()?;
    /// let found = routes.find("GET", "/quota/tenant-a");
    /// assert!(found.iter().all(|r| r.path == "/quota/{cache_salt}" && r.class == Class::Safe));
    /// assert!(routes.find("POST", "/cache/clear").iter().all(|r| r.class == Class::Mutating));
    /// # Ok::<(), lmcache_http::RoutesError>(())
    /// ```
    pub fn find(&self, method: &str, path: &str) -> Vec<&Route> {
        let path = path.split(['?', '#']).next().unwrap_or(path);
        self.0.iter().filter(|r| r.method == method && fits(&r.path, path)).collect()
    }

    /// Paths that may be asked of a server without changing it: what its newest release has
    /// first, then what older ones had. Paths with a part to fill in are left out.
    pub fn probes(&self, server: Server) -> Vec<&Route> {
        let mut out: Vec<&Route> = self
            .0
            .iter()
            .filter(|r| r.server == server && r.class == Class::Safe && !r.path.contains('{'))
            .collect();
        out.sort_by_key(|r| r.last.is_some());
        out
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut a, mut b) = (template.split('/'), path.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(t), Some(p)) if t == p || (t.starts_with('{') && !p.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_get_is_safe() {
        let routes = Routes::new().unwrap();
        assert!(routes.all().len() > 100);
        for route in routes.all().iter().filter(|r| r.class == Class::Safe) {
            assert_eq!(route.method, "GET", "{route:?}");
        }
        for server in [Server::Mp, Server::Embedded, Server::Coordinator] {
            let probes = routes.probes(server);
            assert!(probes.len() > 4, "{server:?}");
            for never in ["/env", "/run_script", "/inference_info", "/cache/objects"] {
                assert!(probes.iter().all(|r| r.path != never), "{never}");
            }
        }
    }

    #[test]
    fn renamed_routes_know_each_other() {
        let routes = Routes::new().unwrap();
        let old = routes.find("GET", "/conf");
        assert!(old.iter().any(|r| r.successor.as_deref() == Some("/config")));
    }
}
