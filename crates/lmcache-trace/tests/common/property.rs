//! What holds for any bytes taken as a trace. Shared by the fuzz target and by the test
//! that replays its corpus.

use lmcache_trace::{
    Hooks, InfoOptions, Op, ReadOptions, ReuseOptions, SliceReader, Step, StreamReader, check,
    reuse, summarize,
};
use rmpv::Value;

/// Counts what has the shape of an object key at the places where calls hold keys.
fn keys(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(keys).sum(),
        Value::Map(pairs) => match pairs.first() {
            Some((name, tag))
                if name.as_str() == Some("__t__") && tag.as_str() == Some("ObjectKey") =>
            {
                1
            }
            _ => pairs.iter().map(|(_, value)| keys(value)).sum(),
        },
        _ => 0,
    }
}

/// Gives two bytes less each time, down to one: frames come in every kind of piece.
struct Pieces<'a> {
    data: &'a [u8],
    size: usize,
}

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.size = if self.size < 3 { 97 } else { self.size - 2 };
        let n = self.size.min(buf.len()).min(self.data.len());
        let (head, tail) = self.data.split_at(n);
        buf[..n].copy_from_slice(head);
        self.data = tail;
        Ok(n)
    }
}

/// Nothing panics, both readers say the same, and what is taken as well-formed is so for
/// rmpv.
pub fn holds_for(data: &[u8]) {
    let options = ReadOptions::default().forced(true);
    let slice = SliceReader::with_options(data, options);
    let stream = StreamReader::with_options(Pieces { data, size: 97 }, options);
    let (slice, mut stream) = match (slice, stream) {
        (Ok(slice), Ok(stream)) => (slice, stream),
        (slice, stream) => {
            assert_eq!(slice.err(), stream.err());
            return;
        }
    };
    for step in slice {
        let other = stream.next_step();
        assert_eq!(Some(format!("{step:?}")), other.map(|other| format!("{other:?}")));
        let Step::Record(record) = step else { continue };
        let Ok(args) = record.decode(&mut ()) else { continue };
        // Whatever we take as well-formed is so for rmpv, and the tree is the same.
        if let Ok(tree) = record.args_value() {
            let owned = rmpv::decode::read_value(&mut record.args()).expect("as borrowed");
            assert_eq!(tree.to_owned(), owned);
            if record.op != Op::Other && args.unknown == 0 && args.batch.is_none() {
                assert!(args.keys <= keys(&owned));
            }
        }
    }
    assert!(stream.next_step().is_none());
    let info = InfoOptions::default().with_read(options).with_memory(4096);
    let summary = summarize(data, &info, Hooks::default()).expect("the header was read");
    check(&summary);
    reuse(data, &ReuseOptions::default().with_memory(4096), Hooks::default()).ok();
}
