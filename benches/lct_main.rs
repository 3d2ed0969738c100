//! Data sets and measurements for the `.lct` reader.
//!
//! ```console
//! $ lct gen short|many SIZE FILE      # SIZE in bytes, or as 200MiB, 10GiB
//! $ lct session [--python PROGRAM] [--size SIZE] [--rounds N] [--dir DIR]
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;

use inferguard_benches::lct_data::{Shape, generate, seed};
use inferguard_benches::lct_peers::Way;
use inferguard_benches::lct_session::Session;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["gen", shape, size, path] => gen_file(shape, size, path),
        ["one", way, path] => one(way, path),
        ["session", options @ ..] => session(options),
        _ => {
            eprintln!("usage: lct gen short|many SIZE FILE | lct session [--python PROGRAM]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lct: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

fn size_of(text: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in units {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<u64>()?.checked_shl(shift).ok_or("size")?);
        }
    }
    Ok(text.parse()?)
}

fn gen_file(shape: &str, size: &str, path: &str) -> Done {
    let shape = Shape::named(shape).ok_or("the shape is short or many")?;
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
    let done = generate(&seed()?, shape, size_of(size)?, &mut file)?;
    println!("{done:?}");
    Ok(())
}

/// Reads a file in one way, for callgrind; any other name than a number reads nothing.
fn one(way: &str, path: &str) -> Done {
    let data = fs::read(path)?;
    if let Some(way) = way.parse::<usize>().ok().and_then(|index| Way::ALL.get(index)) {
        println!("{:?}", way.read(&data)?);
    } else {
        println!("{:?}", data.len());
    }
    Ok(())
}

fn session(options: &[&str]) -> Done {
    let mut session = Session {
        python: None,
        program: std::env::current_exe().ok(),
        dir: std::env::temp_dir(),
        bytes: 200 << 20,
        rounds: 5,
    };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = options.next().ok_or("an option without a value")?;
        match *option {
            "--python" => session.python = Some(PathBuf::from(value)),
            "--size" => session.bytes = size_of(value)?,
            "--rounds" => session.rounds = value.parse()?,
            "--dir" => session.dir = PathBuf::from(value),
            _ => return Err(format!("unknown option {option}").into()),
        }
    }
    println!("{}", session.run()?);
    Ok(())
}
