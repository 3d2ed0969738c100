//! Instruments of OpenTelemetry and metrics of prometheus_client, with unit, type and labels.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, StmtFunctionDef};

use super::labels;
use super::naming;
use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::source::program::{CallSite, Program, Scope, last_name};
use crate::catalog_import::source::resolve::{DEPTH, parameter};
use crate::catalog_import::source::text::Names;

/// Methods of a meter that make an instrument, and its type on a page.
const METER: &[(&str, &str)] = &[
    ("create_counter", "counter"),
    ("create_observable_counter", "counter"),
    ("create_up_down_counter", "gauge"),
    ("create_observable_up_down_counter", "gauge"),
    ("create_gauge", "gauge"),
    ("create_observable_gauge", "gauge"),
    ("create_histogram", "histogram"),
];

/// Classes of prometheus_client as codes call them, also behind an attribute that holds the class.
const CLIENT: &[(&str, &str)] = &[
    ("Counter", "counter"),
    ("Gauge", "gauge"),
    ("Histogram", "histogram"),
    ("Summary", "summary"),
    ("Info", "info"),
    ("_counter_cls", "counter"),
    ("_gauge_cls", "gauge"),
    ("_histogram_cls", "histogram"),
    ("_summary_cls", "summary"),
];

/// Arguments of prometheus_client that tell its metrics from other classes of the same name.
const CLIENT_ARGUMENTS: &[&str] = &["documentation", "labelnames", "multiprocess_mode"];

struct Made<'a> {
    kind: &'static str,
    meter: bool,
    observable: bool,
    name: &'a Expr,
}

fn made<'a>(program: &Program<'a>, site: &CallSite<'a>) -> Option<Made<'a>> {
    let called = last_name(&site.call.func)?;
    let arguments = &site.call.arguments;
    if let Some((_, kind)) = METER.iter().find(|(name, _)| *name == called)
        && matches!(site.call.func.as_ref(), Expr::Attribute(_))
        // A method of the package that is called like one of a meter makes its own.
        && program.callee(&site.call.func, &site.scope, 3).is_empty()
    {
        let name = arguments.find_argument_value("name", 0)?;
        return Some(Made { kind, meter: true, observable: called.contains("observable"), name });
    }
    let (_, kind) = CLIENT.iter().find(|(name, _)| *name == called)?;
    let name = arguments.find_argument_value("name", 0)?;
    let known = CLIENT_ARGUMENTS.iter().any(|a| arguments.find_keyword(a).is_some());
    let texts =
        arguments.args.len() >= 2 && matches!(arguments.args.first(), Some(Expr::StringLiteral(_)));
    (known || texts).then_some(Made { kind, meter: false, observable: false, name })
}

/// Whether a name leans on a parameter of the function, so that each of its calls makes another.
fn leans_on_parameter(expr: &Expr, def: &StmtFunctionDef) -> bool {
    struct Look<'d>(&'d StmtFunctionDef, bool);
    impl<'a> Visitor<'a> for Look<'_> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            if let Expr::Name(name) = expr
                && parameter(self.0, name.id.as_str()).is_some()
            {
                self.1 = true;
            }
            visitor::walk_expr(self, expr);
        }
    }
    let mut look = Look(def, false);
    look.visit_expr(expr);
    look.1
}

/// Reads all instruments.
pub(crate) fn read(program: &Program<'_>, reading: &mut Reading) {
    let uses = labels::Uses::new(program);
    declared(program, reading);
    for site in &program.calls {
        let Some(made) = made(program, site) else { continue };
        // A function that makes what its caller names: every call of it is an instrument.
        let wrapper = site
            .scope
            .functions
            .last()
            .copied()
            .filter(|def| leans_on_parameter(made.name, def))
            .and_then(|def| {
                program
                    .defined
                    .get(site.scope.module)?
                    .functions
                    .values()
                    .find(|f| std::ptr::eq(f.def, def))
            });
        match wrapper {
            None => one(program, reading, &uses, &made, site, &site.scope, site),
            Some(function) => {
                program.ask();
                for (number, scope) in program.entries(function, DEPTH) {
                    let Some(outer) = program.calls.get(number) else { continue };
                    one(program, reading, &uses, &made, site, &scope, outer);
                }
            }
        }
    }
}

/// Metrics that a table declares: name to a call that documents it, its type in the name of what
/// is called.
fn declared(program: &Program<'_>, reading: &mut Reading) {
    for (dict, scope) in &program.dicts {
        for item in &dict.items {
            if let (Some(key), Expr::Call(call)) = (&item.key, &item.value) {
                let site = CallSite { call, scope: scope.clone(), target: None };
                entry(program, reading, key, &site);
            }
        }
    }
    for site in &program.calls {
        if let Some(Expr::Subscript(of)) = site.target {
            entry(program, reading, &of.slice, site);
        }
    }
}

fn entry<'a>(program: &Program<'a>, reading: &mut Reading, key: &'a Expr, site: &CallSite<'a>) {
    let Some(called) = last_name(&site.call.func) else { return };
    if site.call.arguments.find_keyword("documentation").is_none() || made(program, site).is_some()
    {
        return;
    }
    let kinds = ["Counter", "Gauge", "Histogram", "Summary"];
    let Some(kind) = kinds.iter().find(|kind| called.contains(**kind)) else { return };
    let kind = kind.to_ascii_lowercase();
    let place = Site::of(program, site);
    program.ask();
    let Some(names) = program.strings(key, &site.scope, DEPTH) else {
        reading.unread.insert(("instrument", place));
        return;
    };
    for name in names.into_iter().filter(|n| !n.contains(char::is_whitespace)) {
        let fact = Fact::new(Kind::Metric, naming::of_client(&name, &kind), place.clone())
            .saying("type", kind.clone())
            .saying("name", name);
        reading.add(fact);
    }
}

/// One instrument: made by `site` in `scope`, on behalf of `outer`.
fn one<'a>(
    program: &Program<'a>,
    reading: &mut Reading,
    uses: &labels::Uses<'_, 'a>,
    made: &Made<'a>,
    site: &CallSite<'a>,
    scope: &Scope<'a>,
    outer: &CallSite<'a>,
) {
    let place = Site::of(program, outer);
    program.ask();
    let Some(names) = program.strings(made.name, scope, DEPTH) else {
        reading.unread.insert(("instrument", place));
        return;
    };
    let arguments = &site.call.arguments;
    let unit = arguments
        .find_keyword("unit")
        .map(|k| &k.value)
        .or_else(|| arguments.find_positional(if made.observable { 2 } else { 1 }))
        .filter(|_| made.meter)
        .and_then(|unit| program.strings(unit, scope, DEPTH))
        .and_then(|units| units.into_iter().next())
        .unwrap_or_default();
    program.ask();
    let (labels, events) = if made.meter {
        if made.observable {
            (labels::observed(program, site, scope), BTreeSet::new())
        } else {
            outer.target.map_or(
                (Names { complete: false, ..Names::default() }, BTreeSet::new()),
                |target| uses.of(target, &outer.scope),
            )
        }
    } else {
        let labels = arguments.find_argument_value("labelnames", 2);
        (labels.map_or_else(Names::default, |l| program.names(l, scope, DEPTH)), BTreeSet::new())
    };
    for name in names {
        // Names of metrics have no blanks; what has is a class of the same name.
        if name.is_empty() || name.contains(char::is_whitespace) {
            continue;
        }
        let exposed = if made.meter {
            naming::of_otel(&name, &unit, made.kind)
        } else {
            naming::of_client(&name, made.kind)
        };
        let kind = if made.kind == "info" { "gauge" } else { made.kind };
        let mut fact = Fact::new(Kind::Metric, exposed, place.clone())
            .saying("type", kind)
            .saying("name", name.clone());
        if made.meter {
            fact = fact.saying("otel", name).saying("unit", unit.clone());
        }
        if made.observable {
            fact = fact.saying("observable", "yes");
        }
        fact.labels = labels.clone();
        fact.events.clone_from(&events);
        reading.add(fact);
    }
}
