//! What is kept of a named group over all lines: numbers, or a few different texts.

use std::collections::BTreeMap;

use crate::evidence::Field;
use crate::mask::{Mask, clip};

/// Different texts that are kept.
const TEXTS: usize = 16;
/// Bytes of a text that are kept.
const TEXT: usize = 200;

#[derive(Debug, Clone, Default)]
pub(crate) struct FieldTally {
    count: u64,
    numbers: u64,
    sum: f64,
    min: f64,
    max: f64,
    first: Option<f64>,
    last: Option<f64>,
    zeros: u64,
    negatives: u64,
    texts: BTreeMap<String, u64>,
    more_texts: u64,
}

impl FieldTally {
    pub(crate) fn add(&mut self, value: &str) {
        self.count += 1;
        if let Some(number) = number(value) {
            self.min = if self.numbers == 0 { number } else { self.min.min(number) };
            self.max = if self.numbers == 0 { number } else { self.max.max(number) };
            self.numbers += 1;
            self.sum += number;
            self.first.get_or_insert(number);
            self.last = Some(number);
            self.zeros += u64::from(number == 0.0);
            self.negatives += u64::from(number < 0.0);
            return;
        }
        let value = clip(value, TEXT);
        let has_room = self.texts.len() < TEXTS;
        match self.texts.get_mut(value) {
            Some(n) => *n += 1,
            None if has_room => {
                self.texts.insert(value.to_owned(), 1);
            }
            None => self.more_texts += 1,
        }
    }

    pub(crate) fn finish(self, name: &str, mask: &Mask) -> Field {
        let mut texts: BTreeMap<String, u64> = BTreeMap::new();
        for (text, n) in self.texts {
            // A hash says whether two processes agree; as it is it says more.
            let shown =
                if name == "none_hash" { short(&text) } else { mask.value(name, &text, TEXT) };
            *texts.entry(shown).or_default() += n;
        }
        let numeric = self.numbers > 0;
        Field {
            count: self.count,
            sum: self.sum,
            min: numeric.then_some(self.min),
            max: numeric.then_some(self.max),
            first: self.first,
            last: self.last,
            zeros: self.zeros,
            negatives: self.negatives,
            texts,
            more_texts: self.more_texts,
        }
    }
}

/// `1,234` and `0.5` are numbers; `None` and `nan` are none.
fn number(value: &str) -> Option<f64> {
    let starts = value.as_bytes().first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    if !starts {
        return None;
    }
    let parsed =
        if value.contains(',') { value.replace(',', "").parse() } else { value.parse::<f64>() };
    parsed.ok().filter(|n| n.is_finite())
}

/// Eight digits that tell two values apart and do not give them away.
fn short(text: &str) -> String {
    // FNV-1a: stable between builds, and of a random seed nothing can be found out.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{:08x}", hash >> 32)
}
