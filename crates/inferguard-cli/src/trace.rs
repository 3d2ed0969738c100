//! The `trace` commands.

use std::path::Path;

use inferguard::render;
use inferguard::trace::{
    self, Format, TraceCheckReport, TraceFile, TraceInfoReport, Watch, read_info, read_replay,
    read_reuse, write_rows,
};
use lmcache_trace::{
    ExportOptions, InfoOptions, IssueLog, ReadOptions, RecordFilter, Redaction, ReuseOptions,
};

use crate::args::trace::{
    ExportArgs, FormatArg, InfoArgs, ReplayArgs, ReuseArgs, Selecting, Time, TraceCheckArgs,
    TraceCommand,
};
use crate::output::{self, Lost, Out, complain};
use crate::run::{Exit, deliver, first};
use crate::watch::{Interrupts, ProgressLine};

pub(crate) fn run(command: &TraceCommand) -> Exit {
    match command {
        TraceCommand::Info(args) => info(args),
        TraceCommand::Check(args) => check(args),
        TraceCommand::Records(args) => {
            rows(&args.file, FormatArg::Ndjson, Path::new("-"), &args.selecting)
        }
        TraceCommand::Export(ExportArgs { file, format, output, selecting }) => {
            rows(file, *format, output, selecting)
        }
        TraceCommand::Reuse(args) => reuse(args),
        TraceCommand::ReplaySummary(args) => replay(args),
    }
}

/// Reads all traces; a stop leaves the rest unread.
fn read_all(
    files: &[String],
    options: &InfoOptions,
    hash: bool,
    interrupts: &Interrupts,
) -> Vec<TraceFile> {
    let mut read = Vec::new();
    for file in files {
        let mut line = ProgressLine::new();
        let mut tell = |at| line.tell(at);
        let mut watch = Watch { progress: Some(&mut tell), cancel: Some(interrupts.flag()) };
        let one = read_info(file, options, hash, &mut watch);
        line.clear();
        if let Some(error) = &one.error {
            complain(&format!("{}: {error}", one.path));
        }
        read.push(one);
        if interrupts.exit_code().is_some() {
            break;
        }
    }
    read
}

fn usable(files: &[TraceFile]) -> Exit {
    if files.iter().any(TraceFile::is_usable) { Exit::Done } else { Exit::NothingUsable }
}

fn interrupted(interrupts: &Interrupts) -> Exit {
    interrupts.exit_code().map_or(Exit::Done, Exit::Interrupted)
}

fn info(args: &InfoArgs) -> Exit {
    let interrupts = Interrupts::listen();
    let options = InfoOptions::default()
        .with_memory(args.memory)
        .with_read(ReadOptions::default().forced(args.reading.force));
    if args.evidence.is_some() && args.files.len() > 1 {
        complain("--evidence is about one trace");
        return Exit::Usage;
    }
    let files = read_all(&args.files, &options, !args.reading.no_hash, &interrupts);
    let read = usable(&files);
    let mut written = Exit::Done;
    if let (Some(path), Some(file)) = (&args.evidence, files.first())
        && matches!(output::write_json(path, &file.evidence), Err(Lost::Failed))
    {
        written = Exit::NotWritten;
    }
    let report = TraceInfoReport::new(files);
    let told = deliver(&args.common, &report, |options| render::trace_info(&report, options));
    first(&[read, written, told, interrupted(&interrupts)])
}

fn check(args: &TraceCheckArgs) -> Exit {
    let interrupts = Interrupts::listen();
    let options = InfoOptions::default()
        .with_memory(args.memory)
        .with_read(ReadOptions::default().forced(args.reading.force));
    let files = read_all(&args.files, &options, !args.reading.no_hash, &interrupts);
    let read = usable(&files);
    let report = TraceCheckReport::new(files);
    let told = deliver(&args.common, &report, |options| render::trace_check(&report, options));
    let sound = if report.sound { Exit::Done } else { Exit::Breached };
    first(&[read, told, sound, interrupted(&interrupts)])
}

fn reuse(args: &ReuseArgs) -> Exit {
    let interrupts = Interrupts::listen();
    let mut options = ReuseOptions::default()
        .with_view(args.view.into())
        .with_unit(args.unit.into())
        .with_memory(args.memory);
    options.read = ReadOptions::default().forced(args.reading.force);
    if !args.window.is_empty() {
        options = options.with_windows(args.window.clone());
    }
    let mut line = ProgressLine::new();
    let mut tell = |at| line.tell(at);
    let mut watch = Watch { progress: Some(&mut tell), cancel: Some(interrupts.flag()) };
    let read = read_reuse(&args.file, &options, !args.reading.no_hash, &mut watch);
    line.clear();
    match read {
        Ok(report) => {
            let told =
                deliver(&args.common, &report, |options| render::trace_reuse(&report, options));
            first(&[told, interrupted(&interrupts)])
        }
        Err(error) => {
            complain(&format!("{}: {error}", args.file));
            first(&[Exit::NothingUsable, interrupted(&interrupts)])
        }
    }
}

fn replay(args: &ReplayArgs) -> Exit {
    let report = read_replay(&args.paths, &args.trace);
    for error in &report.evidence.parse_errors {
        complain(error);
    }
    let read = if report.evidence.report.files.is_empty() {
        complain("no output of LMCache's trace tools was found");
        Exit::NothingUsable
    } else {
        Exit::Done
    };
    let told = deliver(&args.common, &report, |options| render::replay_summary(&report, options));
    first(&[read, told])
}

fn filter(selecting: &Selecting) -> RecordFilter {
    let mut filter = RecordFilter::default();
    filter.ops.clone_from(&selecting.op);
    filter.limit = selecting.limit;
    match selecting.since {
        Some(Time::Offset(s)) => filter.since_s = Some(s),
        Some(Time::Wall(s)) => filter.since_wall_s = Some(s),
        None => {}
    }
    match selecting.until {
        Some(Time::Offset(s)) => filter.until_s = Some(s),
        Some(Time::Wall(s)) => filter.until_wall_s = Some(s),
        None => {}
    }
    filter
}

/// `None` where the system gives no random bytes: a known salt would undo the redaction.
fn redaction(selecting: &Selecting) -> Option<Redaction> {
    if selecting.raw_keys {
        return Some(Redaction::Raw);
    }
    if let Some(salt) = &selecting.salt {
        return Some(Redaction::Salted(salt.clone().into_bytes()));
    }
    let mut salt = vec![0; 16];
    getrandom::fill(&mut salt).ok()?;
    Some(Redaction::Salted(salt))
}

fn rows(file: &str, format: FormatArg, to: &Path, selecting: &Selecting) -> Exit {
    let interrupts = Interrupts::listen();
    let Some(redaction) = redaction(selecting) else {
        complain("the system gives no random bytes for a salt: give one with --salt");
        return Exit::Usage;
    };
    let filter = filter(selecting);
    for name in filter.unknown_ops() {
        complain(&format!(
            "{name} is no operation that is known; records of that name are looked for all the same"
        ));
    }
    let mut options =
        ExportOptions::new(redaction).with_filter(filter).with_table(selecting.table.into());
    options.read = ReadOptions::default().forced(selecting.force);
    let format = match format {
        FormatArg::Ndjson => Format::Ndjson,
        FormatArg::Csv => Format::Csv,
        #[cfg(feature = "parquet")]
        FormatArg::Parquet => Format::Parquet,
    };
    let out = match Out::create(to) {
        Ok(out) => out,
        Err(error) => {
            complain(&format!("{} could not be written: {error}", to.display()));
            return Exit::NotWritten;
        }
    };
    let mut line = ProgressLine::new();
    let mut tell = |at| line.tell(at);
    // To a terminal the rows themselves are the progress.
    let mut watch = Watch {
        progress: out.is_file().then_some(&mut tell as &mut dyn FnMut(trace::Progress)),
        cancel: Some(interrupts.flag()),
    };
    let mut out = out;
    let written = write_rows(file, format, &options, &mut out, &mut watch);
    line.clear();
    let read = match &written.read {
        Ok(done) => {
            faults(file, &done.issues);
            if done.walked.partial {
                complain(&format!("{file}: stopped after {} records", done.walked.records));
            }
            Exit::Done
        }
        Err(error) => {
            complain(&format!("{file}: {error}"));
            Exit::NothingUsable
        }
    };
    let kept = written.output.and_then(|()| if read == Exit::Done { out.keep() } else { Ok(()) });
    let told = match kept {
        Ok(()) => Exit::Done,
        Err(error) => match output::lost(&error, &to.display().to_string()) {
            Lost::Closed => Exit::Done,
            Lost::Failed => Exit::NotWritten,
        },
    };
    first(&[read, told, interrupted(&interrupts)])
}

/// Names the faults of a trace of which rows were written all the same.
fn faults(file: &str, issues: &IssueLog) {
    for issue in issues.first.iter().take(5) {
        complain(&format!("{file}: byte {}: {}", issue.offset, issue.message));
    }
    let more = issues.total().saturating_sub(5);
    if more > 0 {
        complain(&format!("{file}: {more} more faults"));
    }
}
