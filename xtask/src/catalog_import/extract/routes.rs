//! Routes of HTTP servers: decorators and calls of FastAPI and aiohttp, with their prefixes.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, ExprCall};

use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::places::Places;
use crate::catalog_import::source::program::{CallSite, Program, Scope, last_name};
use crate::catalog_import::source::resolve::DEPTH;

/// Methods of a router that name the HTTP method.
const METHODS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("delete", "DELETE"),
    ("patch", "PATCH"),
    ("head", "HEAD"),
    ("add_get", "GET"),
    ("add_post", "POST"),
    ("add_put", "PUT"),
    ("add_delete", "DELETE"),
];

/// Methods of a router that are told the HTTP methods.
const ANY_METHOD: &[&str] = &["api_route", "add_api_route", "route", "add_route"];

/// A route with as many methods passes everything on.
const ANY: usize = 5;

/// Reads all routes.
pub(crate) fn read(program: &Program<'_>, places: &Places, reading: &mut Reading) {
    let prefixes = included(program);
    for site in &program.calls {
        let Some((owner, methods, path)) = route(program, site) else { continue };
        let place = Site::of(program, site);
        let Some(paths) = path else {
            reading.unread.insert(("route", place));
            continue;
        };
        let before = prefix(program, owner, &site.scope, &prefixes);
        for component in places.components(Kind::Route, &place.path) {
            for method in &methods {
                for path in &paths {
                    let path = format!("{before}{path}");
                    let fact = Fact::new(
                        Kind::Route,
                        format!("{component} {method} {path}"),
                        place.clone(),
                    )
                    .saying("component", component.as_str())
                    .saying("method", method.clone())
                    .saying("path", path);
                    reading.add(fact);
                }
            }
        }
    }
}

type Route<'a> = (&'a Expr, BTreeSet<String>, Option<BTreeSet<String>>);

fn route<'a>(program: &Program<'a>, site: &CallSite<'a>) -> Option<Route<'a>> {
    let Expr::Attribute(called) = site.call.func.as_ref() else { return None };
    let owner = last_name(&called.value)?;
    let owner = owner.to_ascii_lowercase();
    if !["router", "app"].iter().any(|word| owner == *word || owner.ends_with(&format!("_{word}")))
    {
        return None;
    }
    let arguments = &site.call.arguments;
    let name = called.attr.as_str();
    program.ask();
    if let Some((_, method)) = METHODS.iter().find(|(n, _)| *n == name) {
        let path = arguments.find_argument_value("path", 0)?;
        let paths = program.strings(path, &site.scope, DEPTH);
        if paths.as_ref().is_some_and(|p| !p.iter().all(|p| p.starts_with('/'))) {
            return None;
        }
        return Some((&called.value, BTreeSet::from([(*method).to_owned()]), paths));
    }
    if !ANY_METHOD.contains(&name) {
        return None;
    }
    let path = arguments.find_argument_value("path", 0)?;
    let paths = program.strings(path, &site.scope, DEPTH)?;
    if !paths.iter().all(|p| p.starts_with('/')) {
        return None;
    }
    let methods = match arguments.find_keyword("methods") {
        Some(list) => {
            let names = program.names(&list.value, &site.scope, DEPTH).names;
            if names.len() >= ANY {
                BTreeSet::from(["ANY".to_owned()])
            } else {
                names.into_keys().collect()
            }
        }
        None => BTreeSet::from(["GET".to_owned()]),
    };
    Some((&called.value, methods, Some(paths)))
}

/// Prefixes under which routers are included, by the call that made the router.
fn included(program: &Program<'_>) -> BTreeMap<usize, String> {
    let mut out = BTreeMap::new();
    for number in program.calls_by_name.get("include_router").into_iter().flatten() {
        let Some(site) = program.calls.get(*number) else { continue };
        let arguments = &site.call.arguments;
        let (Some(router), Some(prefix)) =
            (arguments.find_argument_value("router", 0), arguments.find_keyword("prefix"))
        else {
            continue;
        };
        program.ask();
        let Some(prefix) =
            program.strings(&prefix.value, &site.scope, DEPTH).and_then(|p| p.into_iter().next())
        else {
            continue;
        };
        for (value, _) in program.definitions(router, &site.scope, DEPTH) {
            if let Expr::Call(call) = value {
                out.insert(std::ptr::from_ref::<ExprCall>(call).addr(), prefix.clone());
            }
        }
    }
    out
}

fn prefix<'a>(
    program: &Program<'a>,
    router: &'a Expr,
    scope: &Scope<'a>,
    included: &BTreeMap<usize, String>,
) -> String {
    for (value, at) in program.definitions(router, scope, DEPTH) {
        let Expr::Call(call) = value else { continue };
        let own = call
            .arguments
            .find_keyword("prefix")
            .and_then(|k| program.strings(&k.value, &at, DEPTH))
            .and_then(|p| p.into_iter().next())
            .unwrap_or_default();
        let outer = included.get(&std::ptr::from_ref::<ExprCall>(call).addr());
        return format!("{}{own}", outer.map_or("", String::as_str));
    }
    String::new()
}
