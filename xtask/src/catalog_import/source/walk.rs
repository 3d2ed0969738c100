//! One pass over a module that fills the tables of the program.

use std::rc::Rc;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Comprehension, Expr, Stmt};

use super::program::{
    Binding, Bindings, CallSite, Defined, Function, Program, Scope, key, last_name,
};

/// Walks a module; returns its partial applications as (module, name, function behind it).
pub(super) fn module<'a>(
    program: &mut Program<'a>,
    number: usize,
) -> Vec<(usize, &'a str, &'a str)> {
    let modules = program.modules;
    let Some(module) = modules.get(number) else { return Vec::new() };
    let mut walker = Walker {
        program,
        defined: Defined::default(),
        scope: Scope { module: number, class: None, functions: Rc::new(Vec::new()), bound: None },
        path: Vec::new(),
        target: None,
        aliases: Vec::new(),
        package: if module.path.ends_with("/__init__.py") {
            module.name.clone()
        } else {
            module.name.rsplit_once('.').map_or(String::new(), |(head, _)| head.to_owned())
        },
    };
    for stmt in &module.tree.body {
        walker.visit_stmt(stmt);
    }
    let Walker { defined, aliases, .. } = walker;
    program.defined.push(defined);
    aliases
}

struct Walker<'p, 'a> {
    program: &'p mut Program<'a>,
    defined: Defined<'a>,
    scope: Scope<'a>,
    path: Vec<&'a str>,
    target: Option<&'a Expr>,
    aliases: Vec<(usize, &'a str, &'a str)>,
    package: String,
}

impl<'a> Walker<'_, 'a> {
    /// Names of the place at hand: function, class body or module.
    fn here(&mut self) -> &mut Bindings<'a> {
        match (self.scope.functions.last(), self.scope.class) {
            (Some(def), _) => self.program.locals.entry(key(def)).or_default(),
            (None, Some(class)) => self.defined.attributes.entry(class).or_default(),
            (None, None) => &mut self.defined.globals,
        }
    }

    fn bind(&mut self, target: &'a Expr, binding: Binding<'a>) {
        let scope = self.scope.clone();
        match target {
            Expr::Name(name) => {
                self.here().entry(name.id.as_str()).or_default().push((binding, scope));
            }
            Expr::Attribute(attribute) => {
                if let (Expr::Name(owner), Some(class)) = (attribute.value.as_ref(), scope.class)
                    && matches!(owner.id.as_str(), "self" | "cls")
                {
                    let names = self.defined.attributes.entry(class).or_default();
                    names.entry(attribute.attr.as_str()).or_default().push((binding, scope));
                }
            }
            Expr::Subscript(subscript) => {
                self.bind(&subscript.value, Binding::Keyed(&subscript.slice));
            }
            Expr::Tuple(tuple) => {
                for (n, part) in tuple.elts.iter().enumerate() {
                    let part_binding = match (binding, part) {
                        (Binding::Value(Expr::Tuple(values)), _) => {
                            let Some(value) = values.elts.get(n) else { continue };
                            Binding::Value(value)
                        }
                        (Binding::Element(all), _) => Binding::Nth(all, n),
                        _ => continue,
                    };
                    self.bind(part, part_binding);
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, level: u32, module: Option<&'a str>) -> String {
        if level == 0 {
            return module.unwrap_or_default().to_owned();
        }
        let mut base = self.package.as_str();
        for _ in 1..level {
            base = base.rsplit_once('.').map_or("", |(head, _)| head);
        }
        match module {
            Some(module) => format!("{base}.{module}"),
            None => base.to_owned(),
        }
    }
}

impl<'a> Visitor<'a> for Walker<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                visitor::walk_parameters(self, &def.parameters);
                self.path.push(def.name.as_str());
                let outer = self.scope.clone();
                let mut functions = (*outer.functions).clone();
                functions.push(def);
                self.scope.functions = Rc::new(functions);
                let function = Function { def, scope: self.scope.clone() };
                self.defined.functions.insert(self.path.join("."), function);
                let target = self.target.take();
                for inner in &def.body {
                    self.visit_stmt(inner);
                }
                self.target = target;
                self.scope = outer;
                self.path.pop();
                return;
            }
            Stmt::ClassDef(class) => {
                self.defined.classes.insert(class.name.as_str(), class);
                let outer = self.scope.clone();
                self.scope.class = Some(class.name.as_str());
                self.scope.functions = Rc::new(Vec::new());
                let outer_path = std::mem::replace(&mut self.path, vec![class.name.as_str()]);
                for decorator in &class.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                for inner in &class.body {
                    self.visit_stmt(inner);
                }
                self.path = outer_path;
                self.scope = outer;
                return;
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.bind(target, Binding::Value(&assign.value));
                }
                if let (Some(Expr::Name(alias)), Expr::Call(call)) =
                    (assign.targets.first(), assign.value.as_ref())
                    && last_name(&call.func) == Some("partial")
                    && let Some(function) = call.arguments.args.first().and_then(last_name)
                {
                    self.aliases.push((self.scope.module, alias.id.as_str(), function));
                }
                let outer = std::mem::replace(&mut self.target, assign.targets.first());
                visitor::walk_stmt(self, stmt);
                self.target = outer;
                return;
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.bind(&assign.target, Binding::Value(value));
                }
                let outer = self.target.replace(&assign.target);
                visitor::walk_stmt(self, stmt);
                self.target = outer;
                return;
            }
            Stmt::For(each) => self.bind(&each.target, Binding::Element(&each.iter)),
            Stmt::Return(back) => {
                if let (Some(value), Some(def)) = (&back.value, self.scope.functions.last()) {
                    self.program.returns.entry(key(def)).or_default().push(value);
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().map_or(alias.name.as_str(), |n| n.as_str());
                    self.defined.imports.insert(name, (alias.name.to_string(), None));
                }
            }
            Stmt::ImportFrom(import) => {
                let module = self.import(
                    import.level,
                    import.module.as_ref().map(ruff_python_ast::Identifier::as_str),
                );
                for alias in &import.names {
                    let name = alias.asname.as_ref().map_or(alias.name.as_str(), |n| n.as_str());
                    // `from a import b` may mean the module a.b.
                    let whole = format!("{module}.{}", alias.name.as_str());
                    let entry = if self.program.module(&whole).is_some() {
                        (whole, None)
                    } else {
                        (module.clone(), Some(alias.name.as_str()))
                    };
                    self.defined.imports.insert(name, entry);
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.bind(&comprehension.target, Binding::Element(&comprehension.iter));
        visitor::walk_comprehension(self, comprehension);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                if let Expr::Attribute(attribute) = call.func.as_ref()
                    && let Some(first) = call.arguments.args.first()
                {
                    match attribute.attr.as_str() {
                        "append" | "add" => self.bind(&attribute.value, Binding::Appended(first)),
                        "update" => self.bind(&attribute.value, Binding::Merged(first)),
                        "setdefault" => self.bind(&attribute.value, Binding::Keyed(first)),
                        _ => {}
                    }
                }
                self.program.calls.push(CallSite {
                    call,
                    scope: self.scope.clone(),
                    target: self.target,
                });
            }
            Expr::Subscript(index) if last_name(&index.value) == Some("environ") => {
                self.program.environ.push((&index.slice, self.scope.clone()));
            }
            Expr::Dict(dict) => self.program.dicts.push((dict, self.scope.clone())),
            Expr::Yield(out) => {
                if let (Some(value), Some(def)) = (&out.value, self.scope.functions.last()) {
                    self.program.returns.entry(key(def)).or_default().push(value);
                }
            }
            Expr::Named(named) => self.bind(&named.target, Binding::Value(&named.value)),
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
