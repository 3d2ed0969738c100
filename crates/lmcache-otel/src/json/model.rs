//! OTLP/JSON traces as borrowed structs, lenient where senders are: empty lists as `{}`, numbers
//! as strings, `NaN` as a string, old and snake-case names.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::span::Value;

/// One line or object of a file.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow, default, rename = "resourceSpans", alias = "resource_spans")]
    pub(crate) spans: Option<List<ResourceSpans<'a>>>,
    #[serde(default, rename = "resourceMetrics", alias = "resource_metrics")]
    pub(crate) metrics: Option<IgnoredAny>,
    #[serde(default, rename = "resourceLogs", alias = "resource_logs")]
    pub(crate) logs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct ResourceSpans<'a> {
    #[serde(borrow, default)]
    pub(crate) resource: Option<Resource<'a>>,
    #[serde(
        borrow,
        default,
        rename = "scopeSpans",
        alias = "scope_spans",
        alias = "instrumentationLibrarySpans",
        alias = "instrumentation_library_spans"
    )]
    pub(crate) scopes: List<ScopeSpans<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    pub(crate) attributes: List<Attribute<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct ScopeSpans<'a> {
    #[serde(borrow, default, alias = "instrumentationLibrary", alias = "instrumentation_library")]
    pub(crate) scope: Option<Scope<'a>>,
    #[serde(borrow, default)]
    pub(crate) spans: List<JsonSpan<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Scope<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct JsonSpan<'a> {
    #[serde(borrow, default, rename = "traceId", alias = "trace_id")]
    pub(crate) trace_id: Text<'a>,
    #[serde(borrow, default, rename = "spanId", alias = "span_id")]
    pub(crate) span_id: Text<'a>,
    #[serde(borrow, default, rename = "parentSpanId", alias = "parent_span_id")]
    pub(crate) parent_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(default, rename = "startTimeUnixNano", alias = "start_time_unix_nano")]
    pub(crate) start: Whole,
    #[serde(default, rename = "endTimeUnixNano", alias = "end_time_unix_nano")]
    pub(crate) end: Whole,
    #[serde(borrow, default)]
    pub(crate) attributes: List<Attribute<'a>>,
    #[serde(default)]
    pub(crate) status: Option<Status>,
    #[serde(borrow, default)]
    pub(crate) events: List<Event<'a>>,
    #[serde(default)]
    pub(crate) flags: Option<Whole>,
    #[serde(default, rename = "droppedAttributesCount", alias = "dropped_attributes_count")]
    pub(crate) dropped_attributes: Whole,
    #[serde(default, rename = "droppedEventsCount", alias = "dropped_events_count")]
    pub(crate) dropped_events: Whole,
    #[serde(default, rename = "droppedLinksCount", alias = "dropped_links_count")]
    pub(crate) dropped_links: Whole,
}

#[derive(Deserialize)]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) code: Code,
}

#[derive(Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) attributes: List<Attribute<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Attribute<'a> {
    #[serde(borrow, default)]
    pub(crate) key: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) value: Any<'a>,
}

impl Attribute<'_> {
    pub(crate) fn pair(&self) -> (&str, Value<'_>) {
        (&self.key.0, self.value.value())
    }
}

/// Text, borrowed where it holds no escapes; anything else is empty.
#[derive(Default, Clone)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

/// A whole number, also out of a string; anything else is 0.
#[derive(Default, Clone, Copy)]
pub(crate) struct Whole(pub(crate) u64);

/// A number, also out of a string.
#[derive(Default, Clone, Copy)]
pub(crate) struct Number(pub(crate) f64);

/// A status code; names are accepted.
#[derive(Default, Clone, Copy)]
pub(crate) struct Code {
    pub(crate) is_error: bool,
}

/// A list; `null` and `{}` are empty ones.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

/// An attribute's value.
#[derive(Default, Clone)]
pub(crate) enum Any<'a> {
    #[default]
    Empty,
    Text(Text<'a>),
    Int(i64),
    Double(f64),
    Bool(bool),
    Other,
}

impl Any<'_> {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Any::Empty => Value::Empty,
            Any::Text(text) => Value::Text(&text.0),
            Any::Int(int) => Value::Int(*int),
            Any::Double(double) => Value::Double(*double),
            Any::Bool(flag) => Value::Bool(*flag),
            Any::Other => Value::Other,
        }
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }
    fn visit_str<E>(self, text: &str) -> Result<Whole, E> {
        Ok(Whole(whole(text)))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Whole, E> {
        Ok(Whole(number))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(u64::try_from(number).unwrap_or(0)))
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn visit_f64<E>(self, number: f64) -> Result<Whole, E> {
        Ok(Whole(number as u64))
    }
    fn visit_unit<E>(self) -> Result<Whole, E> {
        Ok(Whole(0))
    }
}

/// A whole number of digits only; 0 for anything else.
fn whole(text: &str) -> u64 {
    let mut number = 0u64;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return 0;
        }
        number = match number.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit))) {
            Some(number) => number,
            None => return 0,
        };
    }
    number
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        Ok(Number(match text {
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            other => other.parse().unwrap_or(f64::NAN),
        }))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number))
    }
    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number(f64::NAN))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct CodeVisitor;

impl Visitor<'_> for CodeVisitor {
    type Value = Code;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status code")
    }
    fn visit_str<E>(self, text: &str) -> Result<Code, E> {
        Ok(Code { is_error: matches!(text, "STATUS_CODE_ERROR" | "ERROR" | "Error" | "2") })
    }
    fn visit_u64<E>(self, code: u64) -> Result<Code, E> {
        Ok(Code { is_error: code == 2 })
    }
    fn visit_i64<E>(self, _: i64) -> Result<Code, E> {
        Ok(Code::default())
    }
    fn visit_f64<E>(self, code: f64) -> Result<Code, E> {
        Ok(Code { is_error: code == 2.0 })
    }
    fn visit_unit<E>(self) -> Result<Code, E> {
        Ok(Code::default())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CodeVisitor)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::default())
    }
    fn visit_unit<E>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// Keys of an `AnyValue`.
#[derive(Deserialize)]
enum AnyKey {
    #[serde(rename = "stringValue", alias = "string_value")]
    Text,
    #[serde(rename = "intValue", alias = "int_value")]
    Int,
    #[serde(rename = "doubleValue", alias = "double_value")]
    Double,
    #[serde(rename = "boolValue", alias = "bool_value")]
    Bool,
    #[serde(other)]
    Other,
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any<'de>, A::Error> {
        let mut any = Any::Empty;
        while let Some(key) = map.next_key::<AnyKey>()? {
            any = match key {
                AnyKey::Text => Any::Text(map.next_value()?),
                AnyKey::Int => map.next_value::<Int>()?.0.map_or(Any::Other, Any::Int),
                AnyKey::Double => Any::Double(map.next_value::<Number>()?.0),
                AnyKey::Bool => map.next_value::<Flag>()?.0.map_or(Any::Other, Any::Bool),
                AnyKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                    Any::Other
                }
            };
        }
        Ok(any)
    }
    fn visit_unit<E>(self) -> Result<Any<'de>, E> {
        Ok(Any::Empty)
    }
    // Plain values, as some exporters write them.
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Text(Cow::Borrowed(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Text(Cow::Owned(text.to_owned()))))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Any<'de>, E> {
        Ok(Any::Int(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Any<'de>, E> {
        Ok(i64::try_from(number).map_or(Any::Double(number as f64), Any::Int))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Any<'de>, E> {
        Ok(Any::Double(number))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Any<'de>, E> {
        Ok(Any::Bool(flag))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Any::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Any<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

/// A whole number with a sign, also out of a string.
struct Int(Option<i64>);

struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = Int;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }
    fn visit_str<E>(self, text: &str) -> Result<Int, E> {
        Ok(Int(text.parse().ok()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Int, E> {
        Ok(Int(Some(number)))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Int, E> {
        Ok(Int(i64::try_from(number).ok()))
    }
    fn visit_unit<E>(self) -> Result<Int, E> {
        Ok(Int(None))
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntVisitor)
    }
}

/// Truth, also out of a string.
struct Flag(Option<bool>);

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = Flag;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(Some(flag)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Flag, E> {
        Ok(Flag(match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        }))
    }
    fn visit_unit<E>(self) -> Result<Flag, E> {
        Ok(Flag(None))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}
