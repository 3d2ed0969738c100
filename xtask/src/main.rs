//! Maintainers' tasks, one module a task: `cargo xtask TASK`.

// A task talks to the maintainer who started it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod book;
mod calibrate;
mod cargo;
mod cases;
mod catalog;
mod catalog_import;
mod findings;
mod generated;
mod import_fixture;
mod lanes;
mod lct_bench;
mod ledger;
mod licences;
mod live_lab;
mod matrix;
mod msrv;
mod package;
mod packet_findings;
mod pages;
mod questions;
mod reference;
mod schemas;
mod static_binary;
mod survey;
mod tree;
mod truth;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

use generated::Mode;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Maintainers' tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write docs/SUMMARY.md, and check that every page is in it and every link leads somewhere.
    Book {
        /// Fail on a summary that differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Hold the .lct reader against LMCache's own, in CPU time and in instructions a byte.
    BenchLct(lct_bench::BenchArgs),
    /// Write a large .lct trace made from a small real one.
    GenLct(lct_bench::GenArgs),
    /// Hold the diagnosis against field cases and labelled packets.
    Cases {
        /// Directory with cases or packets.
        dir: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Regenerate the Rust side of the contract tables, or check that it is up to date.
    #[command(args_conflicts_with_subcommands = true)]
    Catalog {
        /// Fail on what differs instead of writing it.
        #[arg(long)]
        check: bool,
        #[command(subcommand)]
        task: Option<CatalogTask>,
    },
    /// Regenerate the pages of findings and cause classes, or check that they are up to date.
    Findings {
        /// Fail on what differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Copy a captured packet into fixtures/packets, sanitised, or check those that are there.
    ImportFixture(import_fixture::Args),
    /// What was read of every packet and case, lane by lane, and what nothing explains.
    Lanes {
        /// Directory with packets or cases.
        dir: PathBuf,
    },
    /// Score what is covered by commands that are run on the fixtures.
    Ledger {
        /// Fail where the committed ledger differs or a proof does not hold.
        #[arg(long)]
        check: bool,
        /// The command to run instead of a fresh release build.
        #[arg(long, value_name = "PATH")]
        bin: Option<PathBuf>,
    },
    /// Check that every dependency has a licence that we allow.
    Licences,
    /// Check that no dependency asks for a newer Rust than the workspace declares.
    Msrv {
        /// Build everything with the Rust that is declared, too.
        #[arg(long)]
        build: bool,
    },
    /// Package every crate that is published, in order, look through it and use it.
    Package(package::Args),
    /// Hold the findings of captured packets against fixtures/packet-findings.tsv, and write its page.
    PacketFindings {
        /// Directory with the packets that the fixtures were made of.
        dir: Option<PathBuf>,
        /// Fail where the page differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Regenerate docs/matrix.md (families by release and mode), or check that it is up to date.
    Matrix {
        /// Fail on what differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Regenerate docs/upstream-questions.md, or check that it is up to date.
    Questions {
        /// Fail on what differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Regenerate the command's reference, completions and manual pages, or check them.
    Reference {
        /// Fail on what differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Run a real LMCache server under load, collect from it, and hold the result.
    LiveLab(live_lab::Args),
    /// Regenerate the JSON Schemas of the reports, or check that they are up to date.
    Schemas {
        /// Fail on what differs instead of writing it.
        #[arg(long)]
        check: bool,
    },
    /// Build the command as one static file, and run it in an empty root.
    Static,
    /// Judge every scrape of a packet tree alone, and hold the deletion matrix on every packet.
    Survey {
        /// Directory with packets.
        dir: PathBuf,
    },
    /// The numbers that thresholds are held against, packet by packet.
    Calibrate {
        /// Directory of packets.
        dir: PathBuf,
    },
    /// Hold reports against every truth.json under a directory.
    Truth {
        /// Directory with packets.
        dir: PathBuf,
    },
}

#[derive(Subcommand)]
enum CatalogTask {
    /// Read the next column of the contract from a published package, and report the drift.
    Import(catalog_import::Args),
}

fn run(task: &Task) -> Result<()> {
    let root = workspace::root();
    let mode = |check: bool| if check { Mode::Check } else { Mode::Write };
    match task {
        Task::Book { check } => book::run(&root, mode(*check)),
        Task::BenchLct(args) => lct_bench::bench(&root, args),
        Task::GenLct(args) => lct_bench::generate(&root, args),
        Task::Cases { dir, json } => cases::run(dir, *json),
        Task::Catalog { task: Some(CatalogTask::Import(args)), .. } => {
            catalog_import::run(&root, args)
        }
        Task::Catalog { check, task: None } => catalog::run(&root, mode(*check)),
        Task::Findings { check } => findings::run(&root, mode(*check)),
        Task::ImportFixture(args) => import_fixture::run(args),
        Task::Lanes { dir } => {
            let defects = lanes::run(dir)?;
            ensure!(defects == 0, "{defects} defects");
            Ok(())
        }
        Task::Ledger { check, bin } => ledger::run(&root, mode(*check), bin.as_deref()),
        Task::Licences => licences::run(&root),
        Task::Msrv { build } => msrv::run(&root, *build),
        Task::Package(args) => package::run(&root, args),
        Task::Matrix { check } => matrix::run(&root, mode(*check)),
        Task::PacketFindings { dir, check } => {
            packet_findings::run(&root, dir.as_deref(), mode(*check))
        }
        Task::Questions { check } => questions::run(&root, mode(*check)),
        Task::Reference { check } => reference::run(&root, mode(*check)),
        Task::LiveLab(args) => live_lab::run(args),
        Task::Schemas { check } => schemas::run(&root, mode(*check)),
        Task::Static => static_binary::run(&root),
        Task::Survey { dir } => {
            let defects = survey::run(dir)?;
            ensure!(defects == 0, "{defects} defects");
            Ok(())
        }
        Task::Calibrate { dir } => calibrate::run(dir),
        Task::Truth { dir } => {
            let wrong = truth::run(dir)?;
            ensure!(wrong == 0, "{wrong} labels do not hold");
            Ok(())
        }
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The causes on one line; a backtrace would hide them.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
