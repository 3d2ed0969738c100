//! Rows as CSV (RFC 4180): a missing value is empty, a list is joined by blanks.

use super::Table;
use super::rows::{KeyRow, RecordRow, Row};

/// The first line, without a line end.
pub fn csv_head(table: Table) -> &'static str {
    match table {
        Table::Records => {
            "record,offset,t_mono,t_wall,op,qualname,key_count,model_name,kv_rank,\
             object_group_id,bytes,external_request_id,pins,lock_mode,policy,skip_l2,event_type,\
             tier,backend,instance_id,seq,keys"
        }
        Table::Keys => {
            "record,position,t_mono,t_wall,op,key,model_name,kv_rank,object_group_id,bytes,\
             cache_salt,tokens"
        }
    }
}

/// A row's line, without a line end.
///
/// ```
/// use lmcache_trace::{ExportOptions, Hooks, Redaction, Table, csv_head, csv_line, export};
///
/// let data = lmcache_trace::example_trace();
/// let options = ExportOptions::new(Redaction::Raw).with_table(Table::Keys);
/// let mut text = csv_head(Table::Keys).to_owned();
/// export(&data[..], &options, Hooks::default(), |row| {
///     text.push('\n');
///     text.push_str(&csv_line(&row));
///     true
/// })?;
/// assert!(text.contains("\n0,0,0.5,1700000000.5,reserve_write,0101"), "{text}");
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub fn csv_line(row: &Row) -> String {
    let mut line = Line(String::new());
    match row {
        Row::Record(row) => record(row, &mut line),
        Row::Key(row) => key(row, &mut line),
    }
    line.0
}

struct Line(String);

impl Line {
    fn raw(&mut self, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(value);
    }

    fn value<T: ToString>(&mut self, value: Option<T>) {
        self.raw(&value.map(|value| value.to_string()).unwrap_or_default());
    }

    fn text(&mut self, value: Option<&str>) {
        let value = value.unwrap_or_default();
        if value.contains(['"', ',', '\n', '\r']) {
            self.raw(&format!("\"{}\"", value.replace('"', "\"\"")));
        } else {
            self.raw(value);
        }
    }
}

fn record(row: &RecordRow, line: &mut Line) {
    line.value(Some(row.record));
    line.value(Some(row.offset));
    line.value(row.t_mono);
    line.value(row.t_wall);
    line.text(Some(&row.op));
    line.text(Some(&row.qualname));
    line.value(Some(row.key_count));
    line.text(row.model_name.as_deref());
    line.value(row.kv_rank);
    line.value(row.object_group_id);
    line.value(row.bytes);
    line.text(row.external_request_id.as_deref());
    line.value(row.pins);
    line.text(row.lock_mode.as_deref());
    line.text(row.policy.as_deref());
    line.value(row.skip_l2);
    line.text(row.event_type.as_deref());
    line.text(row.tier.as_deref());
    line.text(row.backend.as_deref());
    line.text(row.instance_id.as_deref());
    line.value(row.seq);
    line.text(Some(&row.keys.join(" ")));
}

fn key(row: &KeyRow, line: &mut Line) {
    line.value(Some(row.record));
    line.value(Some(row.position));
    line.value(row.t_mono);
    line.value(row.t_wall);
    line.text(Some(&row.op));
    line.text(Some(&row.key));
    line.text(Some(&row.model_name));
    line.value(Some(row.kv_rank));
    line.value(Some(row.object_group_id));
    line.value(row.bytes);
    line.text(row.cache_salt.as_deref());
    line.value(row.tokens);
}
