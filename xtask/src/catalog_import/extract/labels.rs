//! Labels that code gives when it counts, and the events on which it does.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::catalog_import::source::program::{CallSite, Program, Scope, key};
use crate::catalog_import::source::resolve::{DEPTH, enter};
use crate::catalog_import::source::text::Names;

/// Methods by which an instrument counts.
const COUNTS: &[&str] = &["add", "record", "set"];

/// Where instruments are used.
pub(crate) struct Uses<'p, 'a> {
    program: &'p Program<'a>,
    /// Calls by module and class.
    by_class: BTreeMap<(usize, Option<&'a str>), Vec<usize>>,
    /// Events by module, class and the method that is called on them.
    subscriptions: BTreeMap<(usize, &'a str, &'a str), BTreeSet<String>>,
}

/// What an expression names, whatever it picks out of it.
fn root(expr: &Expr) -> Option<(Option<&str>, &str)> {
    match expr {
        Expr::Name(name) => Some((None, name.id.as_str())),
        Expr::Attribute(attribute) => match attribute.value.as_ref() {
            Expr::Name(owner) => Some((Some(owner.id.as_str()), attribute.attr.as_str())),
            _ => None,
        },
        Expr::Subscript(subscript) => root(&subscript.value),
        Expr::Call(call) => match call.func.as_ref() {
            Expr::Attribute(attribute) if attribute.attr.as_str() == "get" => {
                root(&attribute.value)
            }
            _ => None,
        },
        _ => None,
    }
}

impl<'p, 'a> Uses<'p, 'a> {
    /// Finds them.
    pub(crate) fn new(program: &'p Program<'a>) -> Self {
        let mut by_class: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (n, site) in program.calls.iter().enumerate() {
            by_class.entry((site.scope.module, site.scope.class)).or_default().push(n);
        }
        let mut subscriptions: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (module, defined) in program.defined.iter().enumerate() {
            for function in defined.functions.values() {
                let Some(class) = function.scope.class else { continue };
                for back in program.returns.get(&key(function.def)).into_iter().flatten() {
                    let Expr::Dict(dict) = back else { continue };
                    for item in &dict.items {
                        if let (Some(event), Some((Some("self"), method))) =
                            (item.key.as_ref().and_then(event_name), root(&item.value))
                        {
                            subscriptions
                                .entry((module, class, method))
                                .or_default()
                                .insert(event.to_owned());
                        }
                    }
                }
            }
        }
        Self { program, by_class, subscriptions }
    }

    /// Labels and events of an instrument that an assignment target holds.
    pub(crate) fn of(&self, target: &'a Expr, scope: &Scope<'a>) -> (Names, BTreeSet<String>) {
        let Some(wanted) = root(target) else {
            return (Names { complete: false, ..Names::default() }, BTreeSet::new());
        };
        let mut found: Option<Names> = None;
        let mut events = BTreeSet::new();
        let mut see = |names: Names| {
            found = Some(match found.take() {
                Some(old) => old.or(names),
                None => names,
            });
        };
        let calls = self.by_class.get(&(scope.module, scope.class));
        for number in calls.into_iter().flatten() {
            let Some(site) = self.program.calls.get(*number) else { continue };
            if let Expr::Attribute(method) = site.call.func.as_ref()
                && COUNTS.contains(&method.attr.as_str())
                && root(&method.value) == Some(wanted)
            {
                see(self.given(site, &site.scope));
                events.extend(self.events(site, 3));
                continue;
            }
            let handed = site
                .call
                .arguments
                .args
                .iter()
                .chain(site.call.arguments.keywords.iter().map(|k| &k.value))
                .find(|arg| root(arg) == Some(wanted));
            let Some(handed) = handed else { continue };
            for target in self.program.callee(&site.call.func, &site.scope, DEPTH) {
                let inside = enter(&target, site.call, &site.scope);
                let names = inside.bound.as_ref().map(|b| &b.values);
                let Some(name) = names
                    .into_iter()
                    .flatten()
                    .find(|(_, (value, _))| std::ptr::eq(*value, handed))
                    .map(|(name, _)| *name)
                else {
                    continue;
                };
                let body = (inside.module, inside.class);
                for number in self.by_class.get(&body).into_iter().flatten() {
                    let Some(inner) = self.program.calls.get(*number) else { continue };
                    if let Expr::Attribute(method) = inner.call.func.as_ref()
                        && COUNTS.contains(&method.attr.as_str())
                        && root(&method.value) == Some((None, name))
                        && inner
                            .scope
                            .functions
                            .last()
                            .is_some_and(|def| key(def) == key(target.function.def))
                    {
                        see(self.given(inner, &inside));
                        events.extend(self.events(site, 3));
                    }
                }
            }
        }
        (found.unwrap_or(Names { complete: false, ..Names::default() }), events)
    }

    fn given(&self, site: &CallSite<'a>, scope: &Scope<'a>) -> Names {
        match site.call.arguments.find_argument_value("attributes", 1) {
            Some(given) => self.program.keys(given, scope, DEPTH),
            None => Names::default(),
        }
    }

    /// Events on which the method around a call is called, over callers within the class.
    pub(crate) fn events(&self, site: &CallSite<'a>, depth: u8) -> BTreeSet<String> {
        let (Some(class), Some(def), Some(depth)) =
            (site.scope.class, site.scope.functions.first(), depth.checked_sub(1))
        else {
            return BTreeSet::new();
        };
        let method = def.name.as_str();
        if let Some(events) = self.subscriptions.get(&(site.scope.module, class, method)) {
            return events.clone();
        }
        let mut out = BTreeSet::new();
        for number in self.program.calls_by_name.get(method).into_iter().flatten() {
            if let Some(caller) = self.program.calls.get(*number)
                && (caller.scope.module, caller.scope.class) == (site.scope.module, Some(class))
                && matches!(root(&caller.call.func), Some((Some("self"), _)))
            {
                out.extend(self.events(caller, depth));
            }
        }
        out
    }
}

/// The name of an event: `EventType.X`.
pub(crate) fn event_name(expr: &Expr) -> Option<&str> {
    match root(expr)? {
        (Some("EventType"), name) => Some(name),
        _ => None,
    }
}

/// Labels that the callbacks of an observable instrument give.
pub(crate) fn observed<'a>(program: &Program<'a>, site: &CallSite<'a>, scope: &Scope<'a>) -> Names {
    let unknown = Names { complete: false, ..Names::default() };
    let Some(callbacks) = site.call.arguments.find_argument_value("callbacks", 1) else {
        return unknown;
    };
    let Some(callbacks) = program.members(callbacks, scope, DEPTH) else { return unknown };
    let mut out: Option<Names> = None;
    for (callback, at) in callbacks {
        let functions: Vec<_> =
            program.callee(callback, &at, DEPTH).into_iter().map(|t| t.function).collect();
        for inner in program.calls_by_name.get("Observation").into_iter().flatten() {
            let Some(inner) = program.calls.get(*inner) else { continue };
            let in_lambda = matches!(callback, Expr::Lambda(_))
                && inner.scope.module == at.module
                && callback.range().contains_range(inner.call.range());
            let function = functions
                .iter()
                .find(|f| inner.scope.functions.last().is_some_and(|d| key(d) == key(f.def)));
            if !in_lambda && function.is_none() {
                continue;
            }
            let mut inside = inner.scope.clone();
            inside.bound.clone_from(&at.bound);
            let names = match inner.call.arguments.find_argument_value("attributes", 1) {
                Some(given) => program.keys(given, &inside, DEPTH),
                None => Names::default(),
            };
            out = Some(match out {
                Some(old) => old.or(names),
                None => names,
            });
        }
    }
    out.unwrap_or(unknown)
}
