//! Redacts a configuration and a log that name the same host: the placeholders agree.
//!
//! ```console
//! $ cargo run --package evidence-redact --example redact_packet
//! ```

#![allow(clippy::print_stdout)]

use evidence_redact::{Error, Kind, Redactor, Salt};

fn main() -> Result<(), Error> {
    let files: [(&str, &[u8]); 2] = [
        ("lmcache.yaml", b"remote_url: redis://:hunter2x@cache-1:6379\nchunk_size: 256\n"),
        ("lmcache.log", b"INFO Stored 256 tokens in cache-1 (1.5 GB/s)\n"),
    ];
    // A real salt is random, one a packet, and is not kept.
    let mut redactor = Redactor::new(Salt::new(*b"random, per packet"))?;
    for (name, text) in files {
        redactor.learn(Kind::guess(name, text), text);
    }
    for (name, text) in files {
        let clean = redactor.redact(Kind::guess(name, text), text);
        println!("{name}, {} replaced:", clean.counts().total());
        println!("{}", String::from_utf8_lossy(clean.bytes()));
    }
    Ok(())
}
