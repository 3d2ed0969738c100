//! Spans with their tracer, and the attributes that the events behind them carry.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::Expr;

use super::labels::{Uses, event_name};
use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::source::program::{Binding, CallSite, Program, last_name};
use crate::catalog_import::source::resolve::DEPTH;
use crate::catalog_import::source::text::Names;

/// Calls that begin a span.
const STARTS: &[&str] = &["start_span", "start_as_current_span"];

/// Reads all spans.
pub(crate) fn read(program: &Program<'_>, reading: &mut Reading) {
    let published = published(program);
    let uses = Uses::new(program);
    let mut spans: BTreeMap<String, Fact> = BTreeMap::new();
    let mut modules = BTreeSet::new();
    for start in STARTS {
        for number in program.calls_by_name.get(start).into_iter().flatten() {
            let Some(site) = program.calls.get(*number) else { continue };
            let Some(name) = site.call.arguments.find_argument_value("name", 0) else { continue };
            let place = Site::of(program, site);
            program.ask();
            let events = by_event(program, &uses, name, site);
            let names = program.strings(name, &site.scope, DEPTH);
            let names = names.or_else(|| events.as_ref().map(|e| e.keys().cloned().collect()));
            let Some(names) = names else {
                reading.unread.insert(("span", place));
                continue;
            };
            modules.insert(site.scope.module);
            for name in names {
                let mut fact = Fact::new(Kind::Span, name.clone(), place.clone())
                    .saying("tracer", tracer(program, site));
                if let Some(event) = events.as_ref().and_then(|e| e.get(&name)) {
                    fact.labels.and(published.get(event.as_str()).cloned().unwrap_or_default());
                    fact.events.insert(event.clone());
                }
                spans.entry(name).or_insert(fact);
            }
        }
    }
    for module in modules {
        for (event, name) in events_of_spans(program, module, &spans) {
            let Some(span) = spans.get_mut(&name) else { continue };
            if let Some(names) = published.get(event.as_str()) {
                span.labels.and(names.clone());
            }
            span.events.insert(event);
        }
    }
    for fact in spans.into_values() {
        reading.add(fact);
    }
}

/// Names of spans that are the values of the events that reach the method: value to event.
fn by_event<'a>(
    program: &Program<'a>,
    uses: &Uses<'_, 'a>,
    name: &'a Expr,
    site: &CallSite<'a>,
) -> Option<BTreeMap<String, String>> {
    let Expr::Attribute(value) = name else { return None };
    if value.attr.as_str() != "value" {
        return None;
    }
    let events = uses.events(site, 3);
    let mut out = BTreeMap::new();
    for defined in &program.defined {
        let Some(members) = defined.attributes.get("EventType") else { continue };
        for event in &events {
            for (binding, at) in members.get(event.as_str()).into_iter().flatten() {
                let Binding::Value(text) = binding else { continue };
                for text in program.strings(text, at, DEPTH).unwrap_or_default() {
                    out.insert(text, event.clone());
                }
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

fn tracer<'a>(program: &Program<'a>, site: &CallSite<'a>) -> String {
    let Expr::Attribute(called) = site.call.func.as_ref() else { return String::new() };
    program
        .definitions(&called.value, &site.scope, DEPTH)
        .into_iter()
        .find_map(|(value, at)| match value {
            Expr::Call(call) if last_name(&call.func) == Some("get_tracer") => {
                program.strings(call.arguments.args.first()?, &at, DEPTH)?.into_iter().next()
            }
            _ => None,
        })
        .unwrap_or_default()
}

/// Events that begin or end a span, by the tables of the module: event to name, event to event.
fn events_of_spans(
    program: &Program<'_>,
    module: usize,
    spans: &BTreeMap<String, Fact>,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut links = Vec::new();
    let Some(defined) = program.defined.get(module) else { return names };
    let tables = defined.attributes.values().flat_map(|c| c.values());
    for (binding, at) in tables.chain(defined.globals.values()).flatten() {
        let Binding::Value(Expr::Dict(dict)) = binding else { continue };
        for item in &dict.items {
            let Some(event) = item.key.as_ref().and_then(event_name) else { continue };
            if let Some(other) = event_name(&item.value) {
                links.push((event.to_owned(), other.to_owned()));
            } else if let Some(name) =
                program.strings(&item.value, at, DEPTH).and_then(|s| s.into_iter().next())
                && spans.contains_key(&name)
            {
                names.insert(event.to_owned(), name);
            }
        }
    }
    for (event, other) in links {
        if let Some(name) = names.get(&other).or_else(|| names.get(&event)).cloned() {
            names.entry(event).or_insert_with(|| name.clone());
            names.entry(other).or_insert(name);
        }
    }
    names
}

/// Keys of the metadata with which events are published.
fn published<'a>(program: &Program<'a>) -> BTreeMap<&'a str, Names> {
    let mut out: BTreeMap<&str, Names> = BTreeMap::new();
    for number in program.calls_by_name.get("Event").into_iter().flatten() {
        let Some(site) = program.calls.get(*number) else { continue };
        let arguments = &site.call.arguments;
        let Some(event) = arguments.find_argument_value("event_type", 0).and_then(event_name)
        else {
            continue;
        };
        let names = match arguments.find_keyword("metadata") {
            Some(metadata) => {
                program.ask();
                program.keys(&metadata.value, &site.scope, DEPTH)
            }
            None => Names::default(),
        };
        let all = match out.remove(event) {
            Some(old) => old.or(names),
            None => names,
        };
        out.insert(event, all);
    }
    out
}
