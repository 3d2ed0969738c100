//! What an expression comes to: the strings that it may be, the members of a list, the keys of a
//! mapping.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, Operator};

use super::program::{Binding, Program, Scope, last_name};
use super::resolve::Placed;

/// How many strings one expression may be.
const MANY: usize = 128;

/// Names, each with whether it may be absent, and whether these are all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// Name to "may be absent".
    pub(crate) names: BTreeMap<String, bool>,
    /// Nothing was left unread.
    pub(crate) complete: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self { names: BTreeMap::new(), complete: true }
    }
}

impl Names {
    fn unknown() -> Self {
        Self { names: BTreeMap::new(), complete: false }
    }

    fn of(names: Option<BTreeSet<String>>) -> Self {
        match names {
            Some(names) => {
                Self { names: names.into_iter().map(|n| (n, false)).collect(), complete: true }
            }
            None => Self::unknown(),
        }
    }

    /// Both at once.
    pub(crate) fn and(&mut self, other: Self) {
        for (name, optional) in other.names {
            let entry = self.names.entry(name).or_insert(optional);
            *entry = *entry && optional;
        }
        self.complete &= other.complete;
    }

    /// One or the other: what only one has may be absent.
    pub(crate) fn or(self, other: Self) -> Self {
        let complete = self.complete && other.complete;
        let mut names = BTreeMap::new();
        for (name, optional) in &self.names {
            names.insert(name.clone(), *optional || other.names.get(name) != Some(&false));
        }
        for name in other.names.into_keys() {
            names.entry(name).or_insert(true);
        }
        Self { names, complete }
    }

    fn any(all: impl Iterator<Item = Self>) -> Self {
        all.reduce(Self::or).unwrap_or_else(Self::unknown)
    }

    fn optional(mut self) -> Self {
        self.names.values_mut().for_each(|optional| *optional = true);
        self
    }
}

fn product(left: &BTreeSet<String>, right: &BTreeSet<String>) -> BTreeSet<String> {
    left.iter().flat_map(|a| right.iter().map(move |b| format!("{a}{b}"))).take(MANY).collect()
}

impl<'a> Program<'a> {
    /// The strings that an expression may be; `None` where that cannot be told.
    pub(crate) fn strings(
        &self,
        expr: &'a Expr,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Option<BTreeSet<String>> {
        let depth = depth.checked_sub(1)?;
        match expr {
            Expr::StringLiteral(text) => Some(BTreeSet::from([text.value.to_str().to_owned()])),
            Expr::FString(text) => {
                let mut out = BTreeSet::from([String::new()]);
                for part in &text.value {
                    match part {
                        FStringPart::Literal(literal) => {
                            out = product(&out, &BTreeSet::from([literal.value.to_string()]));
                        }
                        FStringPart::FString(inner) => {
                            for element in &inner.elements {
                                let piece = match element {
                                    InterpolatedStringElement::Literal(literal) => {
                                        BTreeSet::from([literal.value.to_string()])
                                    }
                                    InterpolatedStringElement::Interpolation(hole) => {
                                        self.strings(&hole.expression, scope, depth)?
                                    }
                                };
                                out = product(&out, &piece);
                            }
                        }
                    }
                }
                Some(out)
            }
            Expr::BinOp(sum) if sum.op == Operator::Add => Some(product(
                &self.strings(&sum.left, scope, depth)?,
                &self.strings(&sum.right, scope, depth)?,
            )),
            Expr::Call(call) => {
                if let Expr::Attribute(attribute) = call.func.as_ref() {
                    let change: Option<fn(&str) -> String> = match attribute.attr.as_str() {
                        "lower" => Some(str::to_lowercase),
                        "upper" => Some(str::to_uppercase),
                        "strip" => Some(|text| text.trim().to_owned()),
                        _ => None,
                    };
                    if let Some(change) = change {
                        let inner = self.strings(&attribute.value, scope, depth)?;
                        return Some(inner.iter().map(|text| change(text)).collect());
                    }
                }
                if last_name(&call.func) == Some("str") {
                    return self.strings(call.arguments.args.first()?, scope, depth);
                }
                self.any_string(expr, scope, depth)
            }
            _ => self.any_string(expr, scope, depth),
        }
    }

    fn any_string(&self, expr: &'a Expr, scope: &Scope<'a>, depth: u8) -> Option<BTreeSet<String>> {
        let found = self.definitions(expr, scope, depth);
        if found.is_empty() {
            return None;
        }
        let mut out = BTreeSet::new();
        // `None` stands for "not set yet".
        for (value, at) in found.into_iter().filter(|(v, _)| !matches!(v, Expr::NoneLiteral(_))) {
            out.extend(self.strings(value, &at, depth)?);
        }
        (!out.is_empty()).then_some(out)
    }

    /// The members of a list, tuple, set, the keys of a mapping, or what an iteration gives.
    pub(crate) fn members(
        &self,
        expr: &'a Expr,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Option<Vec<Placed<'a>>> {
        let depth = depth.checked_sub(1)?;
        let here = |e: &'a Expr| (e, scope.clone());
        match expr {
            Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) => {
                let elements = match expr {
                    Expr::List(list) => &list.elts,
                    Expr::Tuple(tuple) => &tuple.elts,
                    Expr::Set(set) => &set.elts,
                    _ => return None,
                };
                let mut out = Vec::new();
                for element in elements {
                    match element {
                        Expr::Starred(inner) => {
                            out.extend(self.members(&inner.value, scope, depth)?);
                        }
                        other => out.push(here(other)),
                    }
                }
                Some(out)
            }
            Expr::Dict(dict) => dict.items.iter().map(|i| i.key.as_ref().map(here)).collect(),
            Expr::ListComp(all) => Some(vec![here(&all.elt)]),
            Expr::SetComp(all) => Some(vec![here(&all.elt)]),
            Expr::Generator(all) => Some(vec![here(&all.elt)]),
            Expr::BinOp(sum) if sum.op == Operator::Add => {
                let mut out = self.members(&sum.left, scope, depth)?;
                out.extend(self.members(&sum.right, scope, depth)?);
                Some(out)
            }
            Expr::Call(call) => {
                let first = call.arguments.args.first();
                match (last_name(&call.func), call.func.as_ref()) {
                    (
                        Some("list" | "tuple" | "sorted" | "set" | "frozenset" | "reversed"),
                        Expr::Name(_),
                    )
                    | (Some("fromkeys"), _) => self.members(first?, scope, depth),
                    (Some("keys"), Expr::Attribute(of)) => self.members(&of.value, scope, depth),
                    (Some("values"), Expr::Attribute(of)) => Some(
                        self.items(&of.value, scope, depth)?
                            .into_iter()
                            .map(|(_, value, at)| (value, at))
                            .collect(),
                    ),
                    _ => self.any_member(expr, scope, depth),
                }
            }
            _ => self.any_member(expr, scope, depth),
        }
    }

    fn any_member(&self, expr: &'a Expr, scope: &Scope<'a>, depth: u8) -> Option<Vec<Placed<'a>>> {
        let mut out = Vec::new();
        let mut any = false;
        for (value, at) in self.definitions(expr, scope, depth) {
            any = true;
            out.extend(self.members(value, &at, depth)?);
        }
        if let Expr::Name(name) = expr {
            for (binding, at) in self.bindings(name.id.as_str(), scope) {
                if let Binding::Appended(value) = binding {
                    any = true;
                    out.push((value, at));
                }
            }
        }
        any.then_some(out)
    }

    /// The nth part of each tuple that an iteration gives.
    pub(crate) fn nth(
        &self,
        all: &'a Expr,
        n: usize,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Vec<Placed<'a>> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        if let Expr::Call(call) = all
            && let Expr::Attribute(of) = call.func.as_ref()
            && of.attr.as_str() == "items"
        {
            return self
                .items(&of.value, scope, depth)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|(key, value, at)| Some((if n == 0 { key? } else { value }, at)))
                .collect();
        }
        self.members(all, scope, depth)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(value, at)| match value {
                Expr::Tuple(tuple) => Some((tuple.elts.get(n)?, at)),
                Expr::List(list) => Some((list.elts.get(n)?, at)),
                _ => None,
            })
            .collect()
    }

    /// Keys (none for what `**` merges) and values of a mapping.
    #[allow(clippy::type_complexity)]
    pub(crate) fn items(
        &self,
        expr: &'a Expr,
        scope: &Scope<'a>,
        depth: u8,
    ) -> Option<Vec<(Option<&'a Expr>, &'a Expr, Scope<'a>)>> {
        let depth = depth.checked_sub(1)?;
        match expr {
            Expr::Dict(dict) => {
                let mut out = Vec::new();
                for item in &dict.items {
                    match &item.key {
                        Some(key) => out.push((Some(key), &item.value, scope.clone())),
                        None => out.extend(self.items(&item.value, scope, depth)?),
                    }
                }
                Some(out)
            }
            Expr::DictComp(all) => Some(vec![(all.key.as_deref(), &*all.value, scope.clone())]),
            Expr::Name(_) | Expr::Attribute(_) | Expr::Call(_) | Expr::Subscript(_) => {
                let found = self.definitions(expr, scope, depth);
                let mut out = Vec::new();
                for (value, at) in &found {
                    out.extend(self.items(value, at, depth)?);
                }
                (!found.is_empty()).then_some(out)
            }
            _ => None,
        }
    }

    /// The keys of a mapping of labels or attributes.
    pub(crate) fn keys(&self, expr: &'a Expr, scope: &Scope<'a>, depth: u8) -> Names {
        let Some(depth) = depth.checked_sub(1) else { return Names::unknown() };
        match expr {
            Expr::NoneLiteral(_) => Names::default(),
            Expr::Dict(dict) => {
                let mut out = Names::default();
                for item in &dict.items {
                    out.and(match &item.key {
                        None => self.keys(&item.value, scope, depth),
                        Some(key) => Names::of(self.strings(key, scope, depth)),
                    });
                }
                out
            }
            Expr::DictComp(all) => {
                Names::of(all.key.as_ref().and_then(|k| self.strings(k, scope, depth)))
            }
            Expr::If(choice) => {
                self.keys(&choice.body, scope, depth).or(self.keys(&choice.orelse, scope, depth))
            }
            Expr::BoolOp(any) => Names::any(any.values.iter().map(|v| self.keys(v, scope, depth))),
            Expr::BinOp(both) if both.op == Operator::BitOr => {
                let mut out = self.keys(&both.left, scope, depth);
                out.and(self.keys(&both.right, scope, depth));
                out
            }
            Expr::Call(call) if matches!(last_name(&call.func), Some("dict" | "OrderedDict")) => {
                let mut out = Names::default();
                for arg in &call.arguments.args {
                    out.and(self.keys(arg, scope, depth));
                }
                for keyword in &call.arguments.keywords {
                    out.and(match &keyword.arg {
                        Some(name) => Names::of(Some(BTreeSet::from([name.to_string()]))),
                        None => self.keys(&keyword.value, scope, depth),
                    });
                }
                out
            }
            _ => {
                let found = self.definitions(expr, scope, depth);
                let mut out = Names::any(found.iter().map(|(v, at)| self.keys(v, at, depth)));
                if let Expr::Name(name) = expr {
                    for (binding, at) in self.bindings(name.id.as_str(), scope) {
                        match binding {
                            Binding::Keyed(key) => {
                                out.and(Names::of(self.strings(key, &at, depth)).optional());
                            }
                            Binding::Merged(other) => {
                                out.and(self.keys(other, &at, depth).optional());
                            }
                            _ => {}
                        }
                    }
                }
                out
            }
        }
    }

    /// The names in a list of labels.
    pub(crate) fn names(&self, expr: &'a Expr, scope: &Scope<'a>, depth: u8) -> Names {
        let Some(depth) = depth.checked_sub(1) else { return Names::unknown() };
        match expr {
            Expr::NoneLiteral(_) => Names::default(),
            Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) => {
                let elements = match expr {
                    Expr::List(list) => &list.elts,
                    Expr::Tuple(tuple) => &tuple.elts,
                    Expr::Set(set) => &set.elts,
                    _ => return Names::unknown(),
                };
                let mut out = Names::default();
                for element in elements {
                    out.and(match element {
                        Expr::Starred(inner) => self.names(&inner.value, scope, depth),
                        other => Names::of(self.strings(other, scope, depth)),
                    });
                }
                out
            }
            Expr::BinOp(sum) if sum.op == Operator::Add => {
                let mut out = self.names(&sum.left, scope, depth);
                out.and(self.names(&sum.right, scope, depth));
                out
            }
            Expr::Dict(_) | Expr::DictComp(_) => self.keys(expr, scope, depth),
            Expr::ListComp(all) => Names::of(self.strings(&all.elt, scope, depth)),
            Expr::Call(call) => {
                match (last_name(&call.func), call.func.as_ref(), call.arguments.args.first()) {
                    (Some("list" | "tuple" | "sorted" | "set"), Expr::Name(_), Some(first)) => {
                        self.names(first, scope, depth)
                    }
                    (Some("keys"), Expr::Attribute(of), None) => self.keys(&of.value, scope, depth),
                    _ => self.any_names(expr, scope, depth),
                }
            }
            _ => self.any_names(expr, scope, depth),
        }
    }

    fn any_names(&self, expr: &'a Expr, scope: &Scope<'a>, depth: u8) -> Names {
        let found = self.definitions(expr, scope, depth);
        let mut out = Names::any(found.iter().map(|(v, at)| self.names(v, at, depth)));
        if let Expr::Name(name) = expr {
            for (binding, at) in self.bindings(name.id.as_str(), scope) {
                match binding {
                    Binding::Appended(value) | Binding::Keyed(value) => {
                        out.and(Names::of(self.strings(value, &at, depth)).optional());
                    }
                    _ => {}
                }
            }
        }
        out
    }
}
