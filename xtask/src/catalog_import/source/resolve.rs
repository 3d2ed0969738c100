//! From a name to the expressions that it may stand for, over assignments, parameters, classes
//! and imports.

use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, StmtFunctionDef};

use super::program::{Binding, Bindings, Bound, Function, Program, Scope, key, last_name};

/// An expression with where it stands.
pub(crate) type Placed<'a> = (&'a Expr, Scope<'a>);

/// How far a value is followed.
pub(crate) const DEPTH: u8 = 12;
/// How many expressions one name may stand for.
const WIDTH: usize = 64;

/// A function that a call reaches, with arguments that were given before (`partial`).
#[derive(Debug, Clone)]
pub(crate) struct Target<'a> {
    /// The function.
    pub(crate) function: Function<'a>,
    /// Its first parameter is the object that it is called on.
    pub(crate) on_object: bool,
    /// Arguments given before.
    pub(crate) before: Option<(&'a ExprCall, Scope<'a>)>,
}

fn is_method(function: &Function<'_>) -> bool {
    let plain = function
        .def
        .decorator_list
        .iter()
        .any(|d| last_name(&d.expression) == Some("staticmethod"));
    function.scope.class.is_some() && function.scope.functions.len() == 1 && !plain
}

impl<'a> Program<'a> {
    /// The functions that a call may reach.
    pub(crate) fn callee(&self, func: &'a Expr, scope: &Scope<'a>, depth: u8) -> Vec<Target<'a>> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let found = |function: &Function<'a>| Target {
            on_object: is_method(function),
            function: function.clone(),
            before: None,
        };
        match func {
            Expr::Name(name) => {
                let id = name.id.as_str();
                let Some(defined) = self.defined.get(scope.module) else { return Vec::new() };
                let mut path: Vec<&str> = scope.class.into_iter().collect();
                path.extend(scope.functions.iter().map(|f| f.name.as_str()));
                while !path.is_empty() {
                    let inner = format!("{}.{id}", path.join("."));
                    if let Some(function) = defined.functions.get(&inner)
                        && (path.len() > 1 || scope.class.is_none())
                    {
                        return vec![found(function)];
                    }
                    path.pop();
                }
                if let Some(function) = self.global_function(scope.module, id) {
                    return vec![found(function)];
                }
                // A local name for a function, or for a part of its arguments given.
                self.definitions(func, scope, depth)
                    .into_iter()
                    .flat_map(|(value, at)| match value {
                        Expr::Call(call) if last_name(&call.func) == Some("partial") => {
                            let first = call.arguments.args.first();
                            first
                                .map(|f| self.callee(f, &at, depth))
                                .unwrap_or_default()
                                .into_iter()
                                .map(|t| Target { before: Some((call, at.clone())), ..t })
                                .collect()
                        }
                        // A function that a function makes.
                        Expr::Call(call) => self
                            .callee(&call.func, &at, depth)
                            .into_iter()
                            .flat_map(|maker| {
                                let inside = enter(&maker, call, &at);
                                let made = self.returns.get(&key(maker.function.def));
                                let made: Vec<Target<'a>> = made
                                    .into_iter()
                                    .flatten()
                                    .filter(|back| matches!(back, Expr::Name(_)))
                                    .flat_map(|back| self.callee(back, &inside, depth))
                                    .collect();
                                made
                            })
                            .collect(),
                        Expr::Name(_) | Expr::Attribute(_) => self.callee(value, &at, depth),
                        _ => Vec::new(),
                    })
                    .collect()
            }
            Expr::Attribute(attribute) => {
                let method = attribute.attr.as_str();
                let owner = match attribute.value.as_ref() {
                    Expr::Name(owner) => owner.id.as_str(),
                    Expr::Call(call) if last_name(&call.func) == Some("super") => "super()",
                    _ => return Vec::new(),
                };
                let lines = match (owner, scope.class) {
                    ("self" | "cls", Some(class)) => self.ancestry(scope.module, class),
                    ("super()", Some(class)) => {
                        self.ancestry(scope.module, class).into_iter().skip(1).collect()
                    }
                    _ => match self.class(scope.module, owner) {
                        Some((home, class)) => self.ancestry(home, class.name.as_str()),
                        None => {
                            return self
                                .imported_module(scope.module, owner)
                                .and_then(|home| self.global_function(home, method))
                                .map(found)
                                .into_iter()
                                .collect();
                        }
                    },
                };
                lines
                    .iter()
                    .find_map(|(home, class)| {
                        self.defined.get(*home)?.functions.get(&format!("{class}.{method}"))
                    })
                    .map(found)
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn imported_module(&self, module: usize, name: &str) -> Option<usize> {
        match self.defined.get(module)?.imports.get(name)? {
            (home, None) => self.module(home),
            _ => None,
        }
    }

    /// A function of a module by name, followed over imports; for a class, how it is made.
    fn global_function(&self, module: usize, name: &str) -> Option<&Function<'a>> {
        let mut at = (module, name.to_owned());
        for _ in 0..4 {
            let defined = self.defined.get(at.0)?;
            if let Some(function) = defined.functions.get(&at.1) {
                return Some(function);
            }
            if defined.classes.contains_key(at.1.as_str()) {
                return defined.functions.get(&format!("{}.__init__", at.1));
            }
            let (home, inner) = defined.imports.get(at.1.as_str())?;
            at = (self.module(home)?, (*inner)?.to_owned());
        }
        None
    }

    /// Calls that reach a function, each with the body as it enters it.
    pub(crate) fn entries(&self, function: &Function<'a>, depth: u8) -> Vec<(usize, Scope<'a>)> {
        let name = match (function.def.name.as_str(), function.scope.class) {
            ("__init__", Some(class)) => class,
            (name, _) => name,
        };
        let mut numbers: Vec<usize> =
            self.calls_by_name.get(name).into_iter().flatten().copied().collect();
        if function.def.name.as_str() == "__init__" {
            numbers.extend(self.calls_by_name.get("__init__").into_iter().flatten());
        }
        let mut out = Vec::new();
        for number in numbers {
            let Some(site) = self.calls.get(number) else { continue };
            for target in self.callee(&site.call.func, &site.scope, depth) {
                if key(target.function.def) == key(function.def) && out.len() < WIDTH {
                    out.push((number, enter(&target, site.call, &site.scope)));
                }
            }
        }
        out
    }

    /// What a name, an attribute, an index or a call may stand for, one step on.
    pub(crate) fn definitions(
        &self,
        expr: &'a Expr,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Vec<Placed<'a>> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        if !self.step() {
            return Vec::new();
        }
        let mut out = match expr {
            Expr::Name(name) => self.of_name(name.id.as_str(), scope, depth),
            Expr::Attribute(attribute) => self.of_attribute(attribute, scope, depth),
            Expr::Subscript(subscript) => self.of_index(subscript, scope, depth),
            Expr::Call(call) => self.of_call(call, scope, depth),
            Expr::If(choice) => {
                vec![(&*choice.body, scope.clone()), (&*choice.orelse, scope.clone())]
            }
            Expr::Named(named) => vec![(&*named.value, scope.clone())],
            Expr::Await(inner) => vec![(&*inner.value, scope.clone())],
            _ => Vec::new(),
        };
        out.truncate(WIDTH);
        out
    }

    /// All ways in which a name gets its value, from the innermost place that has it.
    pub(crate) fn bindings(&self, name: &str, scope: &Scope<'a>) -> Vec<(Binding<'a>, Scope<'a>)> {
        let of = |names: Option<&Bindings<'a>>| names.and_then(|n| n.get(name)).cloned();
        for def in scope.functions.iter().rev() {
            if let Some(mut found) = of(self.locals.get(&key(def))) {
                // Within the body that a call entered, names keep what the call bound.
                for (_, at) in &mut found {
                    at.bound.clone_from(&scope.bound);
                }
                return found;
            }
        }
        let Some(defined) = self.defined.get(scope.module) else { return Vec::new() };
        if scope.functions.is_empty()
            && let Some(found) = of(scope.class.and_then(|c| defined.attributes.get(c)))
        {
            return found;
        }
        if let Some(found) = of(Some(&defined.globals)) {
            return found;
        }
        let Some((home, Some(inner))) = defined.imports.get(name) else { return Vec::new() };
        let other = self.module(home).and_then(|m| self.defined.get(m));
        other.and_then(|d| d.globals.get(inner)).cloned().unwrap_or_default()
    }

    fn of_name(&self, name: &str, scope: &Scope<'a>, depth: u8) -> Vec<Placed<'a>> {
        for def in scope.functions.iter().rev() {
            let local = self.locals.get(&key(def)).is_some_and(|l| l.contains_key(name));
            if let Some(own) = parameter(def, name) {
                let mut out = self.argument(def, own, scope, depth);
                if local {
                    out.extend(self.followed(self.bindings(name, scope), depth));
                }
                return out;
            }
            if local {
                break;
            }
        }
        self.followed(self.bindings(name, scope), depth)
    }

    fn followed(&self, bindings: Vec<(Binding<'a>, Scope<'a>)>, depth: u8) -> Vec<Placed<'a>> {
        bindings
            .into_iter()
            .flat_map(|(binding, at)| match binding {
                Binding::Value(value) => vec![(value, at)],
                Binding::Element(all) => self.members(all, &at, depth).unwrap_or_default(),
                Binding::Nth(all, n) => self.nth(all, n, &at, depth),
                _ => Vec::new(),
            })
            .collect()
    }

    /// What a parameter stands for: the argument of the call that entered, or of any call.
    fn argument(
        &self,
        def: &'a StmtFunctionDef,
        name: &'a str,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Vec<Placed<'a>> {
        if let Some(bound) = &scope.bound
            && key(bound.function) == key(def)
        {
            return match bound.values.get(name) {
                Some(value) => vec![value.clone()],
                None => default(def, name).map(|d| (d, scope.clone())).into_iter().collect(),
            };
        }
        let at = scope.functions.iter().position(|f| key(f) == key(def)).unwrap_or_default();
        let functions = Rc::new(scope.functions.iter().take(at + 1).copied().collect());
        let own = Scope { functions, bound: None, ..scope.clone() };
        let mut out = Vec::new();
        for (_, entered) in self.entries(&Function { def, scope: own }, depth.min(4)) {
            if let Some(value) = entered.bound.as_ref().and_then(|b| b.values.get(name)) {
                out.push(value.clone());
            } else if let Some(default) = default(def, name) {
                out.push((default, scope.clone()));
            }
        }
        out
    }

    fn of_attribute(
        &self,
        attribute: &'a ruff_python_ast::ExprAttribute,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Vec<Placed<'a>> {
        let Expr::Name(owner) = attribute.value.as_ref() else { return Vec::new() };
        let name = attribute.attr.as_str();
        let lines = match (owner.id.as_str(), scope.class) {
            ("self" | "cls", Some(class)) => self.ancestry(scope.module, class),
            (owner, _) => {
                if let Some((home, class)) = self.class(scope.module, owner) {
                    self.ancestry(home, class.name.as_str())
                } else {
                    let home = self.imported_module(scope.module, owner);
                    let names = home.and_then(|m| self.defined.get(m));
                    let found = names.and_then(|d| d.globals.get(name)).cloned();
                    return self.followed(found.unwrap_or_default(), depth);
                }
            }
        };
        for (home, class) in lines {
            let names = self.defined.get(home).and_then(|d| d.attributes.get(class));
            if let Some(found) = names.and_then(|n| n.get(name)) {
                return self.followed(found.clone(), depth);
            }
        }
        Vec::new()
    }

    fn of_index(
        &self,
        subscript: &'a ruff_python_ast::ExprSubscript,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Vec<Placed<'a>> {
        if let Some(items) = self.items(&subscript.value, scope, depth) {
            let wanted = self.strings(&subscript.slice, scope, depth);
            let of_key: Vec<Placed<'a>> = items
                .iter()
                .filter(|(k, _, at)| {
                    wanted.is_some() && k.is_some_and(|k| self.strings(k, at, depth) == wanted)
                })
                .map(|(_, value, at)| (*value, at.clone()))
                .collect();
            if !of_key.is_empty() {
                return of_key;
            }
            return items.into_iter().map(|(_, value, at)| (value, at)).collect();
        }
        self.members(&subscript.value, scope, depth).unwrap_or_default()
    }

    fn of_call(&self, call: &'a ExprCall, scope: &Scope<'a>, depth: u8) -> Vec<Placed<'a>> {
        if let Expr::Attribute(attribute) = call.func.as_ref()
            && matches!(attribute.attr.as_str(), "get" | "pop" | "setdefault")
            && let Some(items) = self.items(&attribute.value, scope, depth)
        {
            let mut out: Vec<Placed<'a>> =
                items.into_iter().map(|(_, value, at)| (value, at)).collect();
            out.extend(call.arguments.args.get(1).map(|d| (d, scope.clone())));
            return out;
        }
        let mut out = Vec::new();
        if matches!(call.func.as_ref(), Expr::Name(_)) {
            for (value, at) in self.definitions(&call.func, scope, depth) {
                if let Expr::Lambda(lambda) = value {
                    out.push((&*lambda.body, at));
                }
            }
        }
        for target in self.callee(&call.func, scope, depth) {
            if target.function.def.name.as_str() == "__init__" {
                continue;
            }
            let inside = enter(&target, call, scope);
            for value in self.returns.get(&key(target.function.def)).into_iter().flatten() {
                out.push((*value, inside.clone()));
            }
        }
        out
    }
}

/// A parameter of a function by name.
pub(crate) fn parameter<'a>(def: &'a StmtFunctionDef, name: &str) -> Option<&'a str> {
    def.parameters
        .iter_non_variadic_params()
        .map(|p| p.parameter.name.as_str())
        .find(|own| *own == name && !matches!(*own, "self" | "cls"))
}

fn default<'a>(def: &'a StmtFunctionDef, name: &str) -> Option<&'a Expr> {
    def.parameters
        .iter_non_variadic_params()
        .find(|p| p.parameter.name.as_str() == name)?
        .default
        .as_deref()
}

/// The body of a function as a call enters it.
pub(crate) fn enter<'a>(target: &Target<'a>, call: &'a ExprCall, scope: &Scope<'a>) -> Scope<'a> {
    let def = target.function.def;
    let mut positional: Vec<&'a str> = def
        .parameters
        .posonlyargs
        .iter()
        .chain(&def.parameters.args)
        .map(|p| p.parameter.name.as_str())
        .collect();
    if target.on_object && !positional.is_empty() {
        positional.remove(0);
    }
    let mut values = BTreeMap::new();
    let mut next = 0;
    let given = target.before.iter().map(|(call, at)| (*call, at.clone(), 1));
    for (call, at, skip) in given.chain(std::iter::once((call, scope.clone(), 0))) {
        for arg in call.arguments.args.iter().skip(skip) {
            if matches!(arg, Expr::Starred(_)) {
                break;
            }
            if let Some(name) = positional.get(next) {
                values.insert(*name, (arg, at.clone()));
            }
            next += 1;
        }
        for keyword in &call.arguments.keywords {
            if let Some(name) = &keyword.arg
                && let Some(own) = parameter(def, name.as_str())
            {
                values.insert(own, (&keyword.value, at.clone()));
            }
        }
    }
    let bound = Some(Rc::new(Bound { function: def, values }));
    Scope { bound, ..target.function.scope.clone() }
}
