//! Calls that a `.lct` trace records, and the type tags of their arguments.

use std::collections::BTreeMap;

use ruff_python_ast::Expr;

use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::source::program::{Program, last_name};
use crate::catalog_import::source::resolve::DEPTH;
use crate::catalog_import::source::text::Names;

/// Reads traced calls and codecs.
pub(crate) fn read(program: &Program<'_>, reading: &mut Reading) {
    decorated(program, reading);
    for number in program.calls_by_name.get("publish_call_event").into_iter().flatten() {
        let Some(site) = program.calls.get(*number) else { continue };
        let arguments = &site.call.arguments;
        let place = Site::of(program, site);
        // The decorator publishes by the same function; it names no call itself.
        if place.within.contains("deco") {
            continue;
        }
        program.ask();
        let names = arguments
            .find_argument_value("qualname", 0)
            .and_then(|name| program.strings(name, &site.scope, DEPTH));
        let Some(names) = names else {
            reading.unread.insert(("traced call", place));
            continue;
        };
        let labels = arguments
            .find_argument_value("args", 1)
            .map(|args| program.keys(args, &site.scope, DEPTH))
            .unwrap_or_default();
        for name in names {
            let mut fact = Fact::new(Kind::TracedCall, name, place.clone());
            fact.labels = labels.clone();
            reading.add(fact);
        }
    }
    for number in program.calls_by_name.get("TypeCodec").into_iter().flatten() {
        let Some(site) = program.calls.get(*number) else { continue };
        let Some(tag) = site.call.arguments.find_argument_value("tag", 0) else { continue };
        let place = Site::of(program, site);
        match program.strings(tag, &site.scope, DEPTH) {
            Some(tags) => {
                for tag in tags {
                    reading.add(Fact::new(Kind::Codec, tag, place.clone()));
                }
            }
            None => {
                reading.unread.insert(("codec", place));
            }
        }
    }
}

fn decorated(program: &Program<'_>, reading: &mut Reading) {
    for (number, defined) in program.defined.iter().enumerate() {
        let Some(module) = program.modules.get(number) else { continue };
        for (path, function) in &defined.functions {
            for decorator in &function.def.decorator_list {
                let call = match &decorator.expression {
                    Expr::Call(call) => Some(call),
                    _ => None,
                };
                let called = call.map_or(&decorator.expression, |c| &c.func);
                if last_name(called) != Some("enable_tracing") {
                    continue;
                }
                let scope = &function.scope;
                let list = |name: &str| {
                    let given = call?.arguments.find_keyword(name)?;
                    Some(program.names(&given.value, scope, DEPTH).names)
                };
                let (capture, redact) = (list("capture"), list("redact").unwrap_or_default());
                let names: BTreeMap<String, bool> = function
                    .def
                    .parameters
                    .iter_non_variadic_params()
                    .map(|p| p.parameter.name.to_string())
                    .filter(|p| p != "self" && p != "cls")
                    .filter(|p| capture.as_ref().is_none_or(|c| c.contains_key(p)))
                    .filter(|p| !redact.contains_key(p))
                    .map(|p| (p, false))
                    .collect();
                let name = call
                    .and_then(|c| c.arguments.find_argument_value("qualname", 0))
                    .and_then(|q| program.strings(q, scope, DEPTH)?.into_iter().next())
                    .unwrap_or_else(|| format!("{}.{path}", module.name));
                let site = Site {
                    path: module.path.clone(),
                    line: module.line(decorator.range.start()),
                    within: path.clone(),
                };
                let mut fact = Fact::new(Kind::TracedCall, name, site);
                fact.labels = Names { names, complete: true };
                reading.add(fact);
            }
        }
    }
}
