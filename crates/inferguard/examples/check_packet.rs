//! Checks files and directories; without any, two pages that the example brings along.
//!
//! ```console
//! $ cargo run --package inferguard --example check_packet
//! $ cargo run --package inferguard --example check_packet -- PATH...
//! ```

#![allow(clippy::print_stdout)]

use inferguard::render::{self, RenderOptions};
use inferguard::{Catalog, Input, Limits, Options, check, open};

/// A page as a server shows it after so many lookups.
fn page(at: f64, requested: u64, hit: u64) -> Input {
    let labels = r#"{cache_salt="",model_name="some/model"}"#;
    let text = format!(
        "lmcache_mp_l1_usage_ratio 0.5\nlmcache_mp_l1_memory_usage_bytes 1048576\n\
         lmcache_mp_lookup_requested_tokens_total{labels} {requested}\n\
         lmcache_mp_lookup_hit_tokens_total{labels} {hit}\n",
    );
    Input::Fetched {
        url: "http://localhost:8080/metrics".to_owned(),
        file: None,
        role: None,
        body: Ok(text.into_bytes()),
        at: Some(at),
    }
}

fn main() {
    let mut inputs: Vec<Input> =
        std::env::args_os().skip(1).map(|path| Input::Path(path.into())).collect();
    if inputs.is_empty() {
        inputs = vec![page(1.0, 8_192, 0), page(31.0, 40_960, 24_576)];
    }
    let packet = open(&inputs, &Limits::default());
    let report = check(&Catalog::new(), packet, &Options::default());
    println!("{}", render::check(&report, &RenderOptions::default()));
    for finding in &report.findings {
        println!("{}: {}", finding.code, finding.action);
    }
}
