//! One row of a lookup-hash file.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

/// A row as it stands in the file. Hashes are kept as 64 bits each.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct LookupRow<'a> {
    /// Seconds since the epoch.
    #[serde(default)]
    pub timestamp: Option<f64>,
    /// The engine's request id.
    #[serde(default, borrow, deserialize_with = "text")]
    pub request_id: Option<Cow<'a, str>>,
    /// Model.
    #[serde(borrow)]
    pub model_name: Cow<'a, str>,
    /// Salt. No release to 0.5.6 writes it.
    #[serde(default)]
    pub cache_salt: Option<String>,
    /// Tokens a chunk.
    #[serde(default)]
    pub chunk_size: Option<u64>,
    /// Tokens of the request, not rounded to chunks.
    #[serde(default)]
    pub seq_len: Option<u64>,
    /// Element types, one a layout.
    #[serde(default)]
    pub dtypes: Vec<String>,
    /// Shapes, one a layout.
    #[serde(default)]
    pub shapes: Vec<Vec<u64>>,
    /// The chunks, from the head of the prompt.
    #[serde(deserialize_with = "ids")]
    pub chunk_hashes: Vec<u64>,
    #[serde(default)]
    pub(super) config: Option<Value>,
    #[serde(default)]
    pub(super) lookup_hash_log_dir: Option<Value>,
    #[serde(default)]
    pub(super) lookup_hash_rotation_interval: Option<Value>,
    #[serde(default)]
    pub(super) lookup_hash_max_size: Option<Value>,
    #[serde(default)]
    pub(super) lookup_hash_max_files: Option<Value>,
}

impl LookupRow<'_> {
    /// Settings of the recorder, where the row holds them, at its top or below `config`.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let nested = self.config.as_ref().and_then(Value::as_object);
        [
            ("lookup_hash_log_dir", &self.lookup_hash_log_dir),
            ("lookup_hash_rotation_interval", &self.lookup_hash_rotation_interval),
            ("lookup_hash_max_size", &self.lookup_hash_max_size),
            ("lookup_hash_max_files", &self.lookup_hash_max_files),
        ]
        .into_iter()
        .filter_map(move |(name, top)| {
            let value = top.as_ref().or_else(|| nested.and_then(|n| n.get(name)))?;
            Some((name, value))
        })
    }

    /// Bytes of one chunk on one rank: the sum over its layouts of elements times element size.
    /// `None` where an element type is not known, or shapes and types differ in number.
    pub fn chunk_bytes(&self) -> Option<u64> {
        if self.shapes.is_empty() || self.shapes.len() != self.dtypes.len() {
            return None;
        }
        self.shapes.iter().zip(&self.dtypes).try_fold(0_u64, |sum, (shape, dtype)| {
            let elements = shape.iter().try_fold(1_u64, |n, side| n.checked_mul(*side))?;
            sum.checked_add(elements.checked_mul(element_bytes(dtype)?)?)
        })
    }
}

/// Bytes of an element by PyTorch's name of its type, with or without `torch.`.
pub fn element_bytes(dtype: &str) -> Option<u64> {
    const TYPES: &[(&str, u64)] = &[
        ("float64", 8),
        ("float32", 4),
        ("float16", 2),
        ("bfloat16", 2),
        ("half", 2),
        ("float8_e4m3fn", 1),
        ("float8_e4m3fnuz", 1),
        ("float8_e5m2", 1),
        ("float8_e5m2fnuz", 1),
        ("int64", 8),
        ("int32", 4),
        ("int16", 2),
        ("int8", 1),
        ("uint8", 1),
        ("bool", 1),
    ];
    let name = dtype.strip_prefix("torch.").unwrap_or(dtype);
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// A text that is borrowed where it can be, or nothing.
fn text<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<Cow<'de, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or nothing")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(text)))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(text.to_owned())))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Text)
}

fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    struct Ids;
    impl<'de> Visitor<'de> for Ids {
        type Value = Vec<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of hashes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u64>, A::Error> {
            let mut out = Vec::new();
            while let Some(Id(id)) = seq.next_element()? {
                out.push(id);
            }
            Ok(out)
        }
    }
    deserializer.deserialize_seq(Ids)
}

/// A hash as 64 bits, whatever it is written as.
struct Id(u64);

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a hash")
            }

            fn visit_str<E>(self, text: &str) -> Result<Id, E> {
                Ok(Id(cache_sizing::fingerprint(text.as_bytes(), 0)))
            }

            fn visit_u64<E>(self, n: u64) -> Result<Id, E> {
                Ok(Id(cache_sizing::fingerprint(&n.to_le_bytes(), 1)))
            }

            fn visit_i64<E>(self, n: i64) -> Result<Id, E> {
                Ok(Id(cache_sizing::fingerprint(&n.to_le_bytes(), 1)))
            }

            fn visit_f64<E>(self, n: f64) -> Result<Id, E> {
                Ok(Id(cache_sizing::fingerprint(&n.to_le_bytes(), 2)))
            }
        }
        deserializer.deserialize_any(One)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> LookupRow<'_> {
        serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn bytes_of_a_chunk() {
        let row = row(r#"{"model_name":"m","dtypes":["torch.float16","float8_e5m2"],
            "shapes":[[2,4,256,32],[10]],"chunk_hashes":["0x1",2]}"#);
        assert_eq!(row.chunk_bytes(), Some(131_072 + 10));
        assert_eq!(row.chunk_hashes.len(), 2);
        let unknown = LookupRow { dtypes: vec!["a".into(), "b".into()], ..row.clone() };
        assert_eq!(unknown.chunk_bytes(), None);
        assert_eq!(LookupRow { dtypes: vec![], ..row }.chunk_bytes(), None);
    }
}
