//! Keys of configuration files, environment variables, the build id.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;

use super::flags::literal;
use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::places::Places;
use crate::catalog_import::source::program::{Binding, Program, last_name};
use crate::catalog_import::source::resolve::DEPTH;

/// Tables that declare configuration keys.
const DEFINITIONS: &[&str] = &["_CONFIG_DEFINITIONS"];
/// Names that hold the build id.
const BUILD: &[&str] = &["__commit_id__", "commit_id"];

/// Reads them.
pub(crate) fn read(program: &Program<'_>, places: &Places, reading: &mut Reading) {
    for (number, defined) in program.defined.iter().enumerate() {
        let Some(module) = program.modules.get(number) else { continue };
        let site = |at: ruff_text_size::TextSize| Site {
            path: module.path.clone(),
            line: module.line(at),
            within: String::new(),
        };
        for (name, bindings) in &defined.globals {
            for (binding, scope) in bindings {
                let Binding::Value(value) = binding else { continue };
                if DEFINITIONS.contains(name)
                    && !places.components(Kind::ConfigKey, &module.path).is_empty()
                {
                    keys(program, value, scope, reading, &site);
                }
                if BUILD.contains(name)
                    && module.path.ends_with("_version.py")
                    && let Expr::StringLiteral(text) = value
                {
                    let at = text.range.start();
                    reading.add(Fact::new(Kind::Build, text.value.to_str(), site(at)));
                }
            }
        }
    }
    for site in &program.calls {
        let named = match last_name(&site.call.func) {
            Some("getenv") => true,
            Some("get" | "pop" | "setdefault") => matches!(
                site.call.func.as_ref(),
                Expr::Attribute(of) if last_name(&of.value) == Some("environ")
            ),
            _ => false,
        };
        if !named {
            continue;
        }
        let Some(name) = site.call.arguments.args.first() else { continue };
        program.ask();
        for name in program.strings(name, &site.scope, DEPTH).unwrap_or_default() {
            reading.add(Fact::new(Kind::Variable, name, Site::of(program, site)));
        }
    }
    for (name, scope) in &program.environ {
        program.ask();
        for name in program.strings(name, scope, DEPTH).unwrap_or_default() {
            let site = Site { path: program.path(scope).to_owned(), ..Site::default() };
            reading.add(Fact::new(Kind::Variable, name, site));
        }
    }
}

fn keys<'a>(
    program: &Program<'a>,
    table: &'a Expr,
    scope: &crate::catalog_import::source::program::Scope<'a>,
    reading: &mut Reading,
    site: &impl Fn(ruff_text_size::TextSize) -> Site,
) {
    program.ask();
    for (key, value, at) in program.items(table, scope, DEPTH).unwrap_or_default() {
        let Some(key) = key else { continue };
        let names: BTreeSet<String> = program.strings(key, &at, DEPTH).unwrap_or_default();
        let start = ruff_text_size::Ranged::range(key).start();
        let default = program
            .items(value, &at, DEPTH)
            .unwrap_or_default()
            .into_iter()
            .find(|(k, ..)| matches!(k, Some(Expr::StringLiteral(t)) if t.value.to_str() == "default"))
            .and_then(|(_, value, _)| literal(value));
        for name in names {
            let fact = Fact::new(Kind::ConfigKey, name, site(start));
            reading.add(match &default {
                Some(value) => fact.saying("default", value.to_string()),
                None => fact,
            });
        }
    }
}
