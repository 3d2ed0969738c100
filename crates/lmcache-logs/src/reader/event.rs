//! A line that the table knows: its event is counted, and settings and requests are taken from it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{LogReader, MAX_SNIPPETS};
use crate::line::Line;
use crate::settings::settings;
use crate::stamp::Stamp;
use crate::state::RawSetting;
use crate::table::Phase;
use crate::template::{Capture, Kept, number};
use crate::text::cut;

/// Fields of events that count as settings under their own name.
pub(super) const SETTING_FIELDS: [&str; 11] = [
    "chunk_size",
    "hash_algorithm",
    "block_size",
    "transfer_mode",
    "config_file",
    "max_model_len",
    "watermark",
    "policy",
    "trace_level",
    "group_tokens_per_block",
    "PYTHONHASHSEED",
];

/// Different dumps of a configuration that are remembered.
const MAX_DUMPS: usize = 64;

impl LogReader {
    pub(super) fn event(&mut self, row: usize, line: &Line<'_>, message: &[u8], process: u16) {
        let Some(found) = self.table.rows.get(row) else { return };
        let (id, phase, config) = (found.id, found.phase, found.config);
        // Servers' own lines say something about the product that runs in the server.
        let product = line.product as usize;
        if let Some(lines) = self.products.get_mut(product) {
            if phase == Phase::Open && lines.open_line.is_none() {
                lines.open_line = Some(self.number);
            }
            if phase == Phase::Serve && lines.serve_line.is_none() {
                lines.serve_line = Some(self.number);
            }
        }
        for category in &found.categories {
            if let Some((n, snippets)) = self.categories.get_mut(category) {
                *n += 1;
                if snippets.len() < MAX_SNIPPETS {
                    snippets.push(cut(message, 220));
                }
            }
        }
        let Some(&at) = self.table.event_of.get(row) else { return };
        let Some(event) = self.events.get_mut(at) else { return };
        if event.count == 0 {
            event.level = line.level;
            event.first_time = Stamp::new(line.time);
            event.first_line = self.number;
            event.example = cut(message, self.opts.max_example);
        }
        event.count += 1;
        event.level = event.level.min(line.level);
        event.last_time = Stamp::new(line.time);
        event.last_line = self.number;
        event.add_process(process);
        let captures = std::mem::take(&mut self.captures);
        for capture in &captures {
            let value = message.get(capture.start..capture.end).unwrap_or_default();
            match capture.kind {
                Kept::Number => {
                    if let Some(value) = number(value) {
                        event.add_number(capture.field, value);
                    }
                }
                Kept::Text if config && usize::from(capture.field) == self.config_field => {}
                Kept::Text => event.add_text(capture.field, value, 120),
                Kept::Hash => {
                    if event.count == 1 {
                        event.example_hidden.push(value.to_vec());
                    }
                    if !event.hidden.contains(&capture.field) {
                        event.hidden.push(capture.field);
                    }
                    event.add_text(capture.field, value, 400);
                }
            }
        }
        if id == "connector.lookup" {
            self.request(&captures, message);
        }
        for capture in &captures {
            let field = usize::from(capture.field);
            let value = message.get(capture.start..capture.end).unwrap_or_default();
            if config && capture.kind == Kept::Text && field == self.config_field {
                self.config(id, value);
            } else if let Some(Some(known)) = self.setting_fields.get(field)
                && let Some(name) = SETTING_FIELDS.get(*known)
            {
                self.set((*name).to_owned(), String::from_utf8_lossy(value).into_owned(), id);
            }
        }
        self.captures = captures;
    }

    fn config(&mut self, id: &'static str, value: &[u8]) {
        // Every rank prints the same dump; one of them is enough.
        let mut hasher = DefaultHasher::new();
        (id, value).hash(&mut hasher);
        let seen = hasher.finish();
        if self.dumps.contains(&seen) {
            return;
        }
        if self.dumps.len() < MAX_DUMPS {
            self.dumps.push(seen);
        }
        let text = String::from_utf8_lossy(value);
        for (key, value) in settings(&text, self.opts.max_settings) {
            let key = if id == "mp_connector.setting" { format!("lmcache.mp.{key}") } else { key };
            self.set(key, value, id);
        }
    }

    fn set(&mut self, key: String, value: String, source: &'static str) {
        let room = self.settings.len() < self.opts.max_settings;
        let line = self.number;
        match self.settings.get_mut(&key) {
            Some(values) => {
                if let Some(known) = values.iter_mut().find(|s| s.value == value) {
                    known.count += 1;
                } else if values.len() < 8 {
                    values.push(RawSetting { value, line, source, count: 1 });
                } else {
                    self.settings_dropped += 1;
                }
            }
            None if room => {
                self.settings.insert(key, vec![RawSetting { value, line, source, count: 1 }]);
            }
            None => self.settings_dropped += 1,
        }
    }

    fn request(&mut self, captures: &[Capture], message: &[u8]) {
        let field = |name: &str| {
            captures
                .iter()
                .find(|c| self.table.fields.get(usize::from(c.field)).is_some_and(|f| f == name))
                .and_then(|c| message.get(c.start..c.end))
                .and_then(number)
        };
        let (total, computed) = (field("total_tokens"), field("computed_tokens"));
        let (hit, need) = (field("hit_tokens"), field("need_to_load"));
        let r = &mut self.requests;
        r.count += 1;
        r.computed_tokens += computed.unwrap_or(0.0);
        if let Some(total) = total {
            r.total_tokens += total;
            r.total_min = Some(r.total_min.map_or(total, |m| m.min(total)));
            r.total_max = Some(r.total_max.map_or(total, |m| m.max(total)));
        }
        if let Some(hit) = hit {
            r.hit_tokens += hit;
            r.hit_zero += u64::from(hit == 0.0);
            r.hit_all += u64::from(hit > 0.0 && total == Some(hit));
        }
        if let Some(need) = need {
            if need < 0.0 {
                r.need_to_load_negative += 1;
            } else {
                r.need_to_load_tokens += need;
            }
            r.need_to_load_zero += u64::from(need == 0.0);
            r.hit_not_needed += u64::from(need <= 0.0 && hit.is_some_and(|h| h > 0.0));
        }
    }
}
