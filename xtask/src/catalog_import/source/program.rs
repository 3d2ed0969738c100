//! All modules of a package, and the tables that say where a name gets its value.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprCall, ExprDict, StmtClassDef, StmtFunctionDef};

use super::{Module, walk};

/// Where an expression stands, and so what its names mean.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    /// Number of the module.
    pub(crate) module: usize,
    /// Innermost class.
    pub(crate) class: Option<&'a str>,
    /// Functions around it, outermost first.
    pub(crate) functions: Rc<Vec<&'a StmtFunctionDef>>,
    /// What the parameters of one of them stand for, when it was entered by a known call.
    pub(crate) bound: Option<Rc<Bound<'a>>>,
}

/// Arguments of a call, by the parameters that they become.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    /// The function that was called.
    pub(crate) function: &'a StmtFunctionDef,
    /// Parameter to argument.
    pub(crate) values: BTreeMap<&'a str, (&'a Expr, Scope<'a>)>,
}

/// How a name comes by its value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Binding<'a> {
    /// It is assigned.
    Value(&'a Expr),
    /// It runs over what this holds.
    Element(&'a Expr),
    /// It is the nth of each tuple that this holds.
    Nth(&'a Expr, usize),
    /// Something is appended to it.
    Appended(&'a Expr),
    /// A key of it is set.
    Keyed(&'a Expr),
    /// A mapping is merged into it.
    Merged(&'a Expr),
}

/// Names and how they come by their values.
pub(crate) type Bindings<'a> = BTreeMap<&'a str, Vec<(Binding<'a>, Scope<'a>)>>;

/// One call, with where it stands.
#[derive(Debug, Clone)]
pub(crate) struct CallSite<'a> {
    /// The call.
    pub(crate) call: &'a ExprCall,
    /// Where it stands.
    pub(crate) scope: Scope<'a>,
    /// The target of the assignment that it is in.
    pub(crate) target: Option<&'a Expr>,
}

/// A function with where it is defined.
#[derive(Debug, Clone)]
pub(crate) struct Function<'a> {
    /// Its definition.
    pub(crate) def: &'a StmtFunctionDef,
    /// Scope of its body.
    pub(crate) scope: Scope<'a>,
}

/// What one module defines.
#[derive(Debug, Default)]
pub(crate) struct Defined<'a> {
    /// Functions by path: `f`, `Class.f`, `f.inner`.
    pub(crate) functions: BTreeMap<String, Function<'a>>,
    /// Classes by name.
    pub(crate) classes: BTreeMap<&'a str, &'a StmtClassDef>,
    /// Names of the module itself.
    pub(crate) globals: Bindings<'a>,
    /// Names of classes, set in their bodies or on `self`: class, name.
    pub(crate) attributes: BTreeMap<&'a str, Bindings<'a>>,
    /// Imported names: module, and the name within it unless the module itself is meant.
    pub(crate) imports: BTreeMap<&'a str, (String, Option<&'a str>)>,
}

/// Steps that one question may take.
const STEPS: u32 = 20_000;

/// The package.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Its modules.
    pub(crate) modules: &'a [Module],
    /// What each defines.
    pub(crate) defined: Vec<Defined<'a>>,
    /// Every call, in order of module and place.
    pub(crate) calls: Vec<CallSite<'a>>,
    /// Calls by the last part of what is called.
    pub(crate) calls_by_name: HashMap<&'a str, Vec<usize>>,
    /// Names of a function's body, by the place of the function.
    pub(crate) locals: HashMap<Key, Bindings<'a>>,
    /// What a function returns or yields.
    pub(crate) returns: HashMap<Key, Vec<&'a Expr>>,
    /// Names of environment variables that are indexed.
    pub(crate) environ: Vec<(&'a Expr, Scope<'a>)>,
    /// Mappings that are written out.
    pub(crate) dicts: Vec<(&'a ExprDict, Scope<'a>)>,
    by_name: HashMap<&'a str, usize>,
    /// Steps left to the question at hand: some code leads round in circles.
    steps: Cell<u32>,
}

/// Identity of a function: the address of its definition.
pub(crate) type Key = usize;

/// The identity of a function.
pub(crate) fn key(def: &StmtFunctionDef) -> Key {
    std::ptr::from_ref(def).addr()
}

impl<'a> Program<'a> {
    /// Reads all modules.
    pub(crate) fn new(modules: &'a [Module]) -> Self {
        let mut program = Self {
            modules,
            defined: Vec::new(),
            calls: Vec::new(),
            calls_by_name: HashMap::new(),
            locals: HashMap::new(),
            returns: HashMap::new(),
            environ: Vec::new(),
            dicts: Vec::new(),
            by_name: modules.iter().enumerate().map(|(n, m)| (m.name.as_str(), n)).collect(),
            steps: Cell::new(STEPS),
        };
        let mut aliases = Vec::new();
        for number in 0..modules.len() {
            aliases.extend(walk::module(&mut program, number));
        }
        for (n, site) in program.calls.iter().enumerate() {
            if let Some(name) = last_name(&site.call.func) {
                program.calls_by_name.entry(name).or_default().push(n);
            }
        }
        // What is called by the name of a partial application calls the function behind it.
        for (module, alias, function) in aliases {
            let through: Vec<usize> = program
                .calls_by_name
                .get(alias)
                .into_iter()
                .flatten()
                .copied()
                .filter(|n| program.calls.get(*n).is_some_and(|c| c.scope.module == module))
                .collect();
            program.calls_by_name.entry(function).or_default().extend(through);
        }
        program
    }

    /// Begins a new question.
    pub(crate) fn ask(&self) {
        self.steps.set(STEPS);
    }

    /// One step of it; false when it has had enough.
    pub(super) fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }

    /// The number of a module by its dotted name.
    pub(crate) fn module(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Path of the module that a scope is in.
    pub(crate) fn path(&self, scope: &Scope<'a>) -> &'a str {
        self.modules.get(scope.module).map_or("", |m| m.path.as_str())
    }

    /// A class that a name means in a module, with its module.
    pub(crate) fn class(&self, module: usize, name: &str) -> Option<(usize, &'a StmtClassDef)> {
        let defined = self.defined.get(module)?;
        if let Some(class) = defined.classes.get(name) {
            return Some((module, class));
        }
        let (from, inner) = defined.imports.get(name)?;
        let other = self.module(from)?;
        let inner = (*inner)?;
        let class = self.defined.get(other)?.classes.get(inner)?;
        Some((other, class))
    }

    /// A class and those that it is made from, nearest first: module and name.
    pub(crate) fn ancestry(&self, module: usize, name: &'a str) -> Vec<(usize, &'a str)> {
        let mut out = vec![(module, name)];
        let mut at = 0;
        while let Some((module, name)) = out.get(at).copied() {
            at += 1;
            let Some((module, class)) = self.class(module, name) else { continue };
            for base in class.arguments.iter().flat_map(|a| a.args.iter()) {
                let base = match base {
                    Expr::Subscript(s) => s.value.as_ref(),
                    other => other,
                };
                if let Some(base) = last_name(base)
                    && let Some((home, found)) = self.class(module, base)
                    && !out.iter().any(|(m, n)| *m == home && *n == found.name.as_str())
                    && out.len() < 16
                {
                    out.push((home, found.name.as_str()));
                }
            }
        }
        out
    }
}

/// The last part of a dotted name.
pub(crate) fn last_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}
