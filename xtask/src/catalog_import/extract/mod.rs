//! From syntax trees to facts: one file a kind.

mod connectors;
mod flags;
mod instruments;
mod labels;
mod logs;
pub(crate) use logs::HOLE;
pub(crate) mod naming;
mod routes;
mod settings;
mod spans;
mod traced;

use super::facts::Reading;
use super::package::Package;
use super::places::Places;
use super::source::Module;
use super::source::program::Program;

/// Reads a package.
pub(crate) fn read(package: &Package, places: &Places) -> Reading {
    let mut reading = Reading::default();
    let mut modules = Vec::new();
    for (path, source) in &package.sources {
        if places.left_out(path) {
            continue;
        }
        match Module::parse(path, source) {
            Ok(module) => modules.push(module),
            Err(error) => reading.broken.push(error.to_string()),
        }
    }
    let program = Program::new(&modules);
    instruments::read(&program, &mut reading);
    routes::read(&program, places, &mut reading);
    spans::read(&program, &mut reading);
    traced::read(&program, &mut reading);
    logs::read(&program, &mut reading);
    flags::read(&program, places, &mut reading);
    settings::read(&program, places, &mut reading);
    connectors::read(&program, &mut reading);
    reading
}
