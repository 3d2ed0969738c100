//! KV connectors and storage backends by their registration.

use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::source::program::Program;
use crate::catalog_import::source::resolve::DEPTH;

/// Calls that register one, and what they register.
const REGISTER: &[(&str, &str, &str)] = &[
    ("register_connector", "KVConnectorFactory", "connector"),
    ("register_backend", "StorageBackendFactory", "storage backend"),
];

/// Reads the registrations.
pub(crate) fn read(program: &Program<'_>, reading: &mut Reading) {
    for (call, factory, what) in REGISTER {
        for number in program.calls_by_name.get(call).into_iter().flatten() {
            let Some(site) = program.calls.get(*number) else { continue };
            let ruff_python_ast::Expr::Attribute(called) = site.call.func.as_ref() else {
                continue;
            };
            let owner = crate::catalog_import::source::program::last_name(&called.value);
            if owner != Some(factory) {
                continue;
            }
            let Some(name) = site.call.arguments.args.first() else { continue };
            let place = Site::of(program, site);
            program.ask();
            let Some(names) = program.strings(name, &site.scope, DEPTH) else {
                reading.unread.insert(("connector", place));
                continue;
            };
            let module = site
                .call
                .arguments
                .args
                .get(1)
                .and_then(|m| program.strings(m, &site.scope, DEPTH)?.into_iter().next())
                .unwrap_or_default();
            for name in names {
                let fact = Fact::new(Kind::Connector, name, place.clone())
                    .saying("what", *what)
                    .saying("module", module.clone());
                reading.add(fact);
            }
        }
    }
}
