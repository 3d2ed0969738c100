//! `diagnose-bottleneck`.

use std::path::Path;

use inferguard::bottleneck::{
    BottleneckReport, ConfigError, DiagnoseError, DiagnoseRequest, Thresholds, Verdict, WRITTEN,
    diagnose,
};
use inferguard::render;
use lmcache_prom::contract::Catalog;

use crate::args::diagnose::DiagnoseArgs;
use crate::output::{self, Lost, complain};
use crate::run::{Exit, first, settings};

/// Most errors of files that are told on standard error.
const MOST_ERRORS: usize = 5;

/// How a file's thresholds are read.
type Reader = fn(&str) -> Result<Thresholds, ConfigError>;

fn thresholds(path: &Path, read: Reader) -> Result<Thresholds, String> {
    let at = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let bytes = std::fs::read(path).map_err(|e| at(&format!("could not be read: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|_| at(&"it is not UTF-8"))?;
    read(&text).map_err(|e| at(&e))
}

pub(crate) fn run(args: &DiagnoseArgs) -> Exit {
    let config = args.config.config.as_deref();
    let settings = match settings(config) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let from: Option<(&Path, Reader)> = match (args.rule_config.as_deref(), config) {
        (Some(path), _) => Some((path, Thresholds::read)),
        (None, Some(path)) => Some((path, Thresholds::of_configuration)),
        (None, None) => None,
    };
    let thresholds = match from.map(|(path, read)| thresholds(path, read)).transpose() {
        Ok(thresholds) => thresholds.unwrap_or_default(),
        Err(message) => {
            complain(&message);
            return Exit::Usage;
        }
    };
    let request = DiagnoseRequest {
        job_dir: args.job_dir.clone(),
        validation_report: args.validation_report.clone(),
        thresholds,
        settings,
    };
    let report = match diagnose(&Catalog::new(), &request) {
        Ok(report) => report,
        Err(error) => {
            if let DiagnoseError::NothingUsable(_, errors) = &error {
                for e in errors.iter().take(MOST_ERRORS) {
                    complain(&e.to_string());
                }
            }
            complain(&error.to_string());
            return Exit::NothingUsable;
        }
    };
    let written = write(args, &report);
    let printed = if args.json {
        output::print_json(&report)
    } else {
        output::print(&render::bottleneck(&report, &output::screen()))
    };
    let told = if matches!(printed, Err(Lost::Failed)) { Exit::NotWritten } else { Exit::Done };
    let strict = args.strict && report.verdict == Verdict::NotEnoughEvidence;
    first(&[written, told, if strict { Exit::Breached } else { Exit::Done }])
}

fn write(args: &DiagnoseArgs, report: &BottleneckReport) -> Exit {
    let dir = args.output_dir.clone().unwrap_or_else(|| args.job_dir.join("diagnosis"));
    if let Err(e) = std::fs::create_dir_all(&dir) {
        complain(&format!("{} could not be made: {e}", dir.display()));
        return Exit::NotWritten;
    }
    let [json, markdown] = WRITTEN.map(|name| dir.join(name));
    let page = render::bottleneck_markdown(report);
    let written = output::write_json(&json, report).and_then(|()| {
        if !args.json_only {
            return output::write_text(&markdown, &page);
        }
        // A page of an earlier run would contradict the new diagnosis.
        if std::fs::read(&markdown).is_ok_and(|old| old.starts_with(render::BOTTLENECK_TITLE)) {
            let _ = std::fs::remove_file(&markdown);
        }
        Ok(())
    });
    if written.is_ok() { Exit::Done } else { Exit::NotWritten }
}
