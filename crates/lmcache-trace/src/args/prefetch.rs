//! The prefetch call, in the five forms it has had.

use serde::{Deserialize, Serialize};

use super::{ArgSink, Decoder, Feature, Seen, UnknownKind, name_or_tag, untag};
use crate::cursor::{Cursor, DecodeError, DecodeErrorKind};

/// In which form `submit_prefetch_task` was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PrefetchForm {
    /// Keys and all else as arguments (0.4.4 to 0.5.2).
    Flat,
    /// One `PrefetchRequestSpec` with a flat list of keys (0.5.3 to 0.5.5).
    RequestSpec,
    /// One `PrefetchTaskSpec` with groups of keys (0.5.6).
    TaskSpec,
}

impl<'a, S: ArgSink<'a> + ?Sized> Decoder<'_, 'a, S> {
    /// An argument of the call beside `keys` and `layout_desc`.
    pub(super) fn submit_field(
        &mut self,
        name: &'a [u8],
        at: Cursor<'a>,
        cursor: &mut Cursor<'a>,
        seen: &mut Seen,
    ) -> Result<(), DecodeError> {
        match name {
            b"spec" => {
                seen.once("spec", 8, at)?;
                self.known(cursor, name, Self::spec)?;
            }
            b"external_request_id" => {
                seen.once("external_request_id", 9, at)?;
                self.args.external_request_id =
                    self.known(cursor, name, |_, c| if c.accept_nil() { Ok("") } else { c.str() })?;
            }
            b"skip_l2" => {
                seen.once("skip_l2", 10, at)?;
                self.args.features.add(Feature::SubmitSkipL2);
                self.args.skip_l2 = self.known(cursor, name, |_, c| c.bool())?;
            }
            b"extra_count" => {
                seen.once("extra_count", 4, at)?;
                self.extra_count(name, cursor)?;
            }
            b"policy" => {
                seen.once("policy", 11, at)?;
                self.args.features.add(Feature::SubmitPolicy);
                self.args.policy = self.known(cursor, name, |_, c| name_or_tag(c))?;
            }
            b"attn_desc" => {
                seen.once("attn_desc", 12, at)?;
                self.args.features.add(Feature::SubmitAttention);
                self.known(cursor, name, Self::attention)?;
            }
            b"mode" => {
                seen.once("mode", 2, at)?;
                self.args.features.add(Feature::SubmitAttention);
                self.args.lock_mode = self.known(cursor, name, |_, c| name_or_tag(c))?;
            }
            _ => self.unknown_value(UnknownKind::Argument, name, cursor)?,
        }
        Ok(())
    }

    /// Concludes the form once all arguments are read.
    pub(super) fn settle_submit(&mut self) {
        if self.args.prefetch_form.is_some() {
            return;
        }
        self.args.prefetch_form = Some(PrefetchForm::Flat);
        self.args.groups = 1;
        let features = &mut self.args.features;
        let form = if features.has(Feature::SubmitAttention) {
            Feature::SubmitFlat3
        } else if features.has(Feature::SubmitSkipL2) {
            Feature::SubmitFlat2
        } else if features.has(Feature::SubmitPolicy) {
            Feature::SubmitFlat1
        } else {
            Feature::SubmitFlat0
        };
        features.add(form);
    }

    fn extra_count(&mut self, name: &'a [u8], cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let extra = self.known(cursor, name, |_, c| c.uint())?;
        self.args.readers = extra.map(|n| n.saturating_add(1));
        Ok(())
    }

    /// A `PrefetchTaskSpec` or a `PrefetchRequestSpec`: told apart by their fields.
    fn spec(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let offset = cursor.offset();
        match untag(cursor)? {
            None | Some(b"PrefetchTaskSpec" | b"PrefetchRequestSpec") => {}
            Some(tag) => {
                cursor.skip()?;
                self.unknown(UnknownKind::Tag, tag, offset);
                return Ok(());
            }
        }
        let mut seen = Seen::default();
        let mut form = None;
        for _ in 0..cursor.map_len()? {
            let at = *cursor;
            let name = cursor.str_bytes()?;
            match name {
                b"key_groups" => {
                    seen.once("key_groups", 0, at)?;
                    form = Some(PrefetchForm::TaskSpec);
                    self.known(cursor, name, Self::groups)?;
                }
                b"keys" => {
                    seen.once("keys", 1, at)?;
                    form = form.or(Some(PrefetchForm::RequestSpec));
                    self.args.groups = 1;
                    self.known(cursor, name, Self::keys)?;
                }
                b"num_kv_readers" => {
                    seen.once("num_kv_readers", 2, at)?;
                    self.args.features.add(Feature::SpecReaders);
                    self.args.readers = self.known(cursor, name, |_, c| c.uint())?;
                }
                b"extra_count" => {
                    seen.once("extra_count", 3, at)?;
                    self.args.features.add(Feature::SpecExtraCount);
                    self.extra_count(name, cursor)?;
                }
                b"fetching_policy" | b"policy" => {
                    seen.once("policy", 4, at)?;
                    self.args.policy = self.known(cursor, name, |_, c| name_or_tag(c))?;
                }
                b"lock_mode" | b"mode" => {
                    seen.once("lock_mode", 5, at)?;
                    self.args.lock_mode = self.known(cursor, name, |_, c| name_or_tag(c))?;
                }
                b"attn_desc" => {
                    seen.once("attn_desc", 6, at)?;
                    self.known(cursor, name, Self::attention)?;
                }
                b"group_layout_descs" => {
                    seen.once("group_layout_descs", 7, at)?;
                    self.known(cursor, name, Self::group_layouts)?;
                }
                _ => self.unknown_value(UnknownKind::Field, name, cursor)?,
            }
        }
        match form {
            Some(PrefetchForm::TaskSpec) => self.args.features.add(Feature::SpecTask),
            Some(_) => self.args.features.add(Feature::SpecRequest),
            None => return Err(cursor.fault(DecodeErrorKind::MissingKey("keys"))),
        }
        self.args.prefetch_form = form;
        Ok(())
    }

    /// A list of `GroupedObjectKeys`.
    fn groups(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        untag(cursor)?;
        for _ in 0..cursor.array_len()? {
            self.args.groups += 1;
            self.known(cursor, b"GroupedObjectKeys", Self::group)?;
        }
        Ok(())
    }

    fn group(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let offset = cursor.offset();
        match untag(cursor)? {
            None | Some(b"GroupedObjectKeys") => {}
            Some(tag) => {
                cursor.skip()?;
                self.unknown(UnknownKind::Tag, tag, offset);
                return Ok(());
            }
        }
        let mut seen = Seen::default();
        for _ in 0..cursor.map_len()? {
            let at = *cursor;
            let name = cursor.str_bytes()?;
            match name {
                b"keys" => {
                    seen.once("keys", 0, at)?;
                    self.known(cursor, name, Self::keys)?;
                }
                b"layout_desc" => {
                    seen.once("layout_desc", 1, at)?;
                    self.known(cursor, name, Self::layout)?;
                }
                b"object_group_id" => {
                    seen.once("object_group_id", 2, at)?;
                    self.known(cursor, name, |_, c| c.uint())?;
                }
                b"sliding_window_size" => {
                    seen.once("sliding_window_size", 3, at)?;
                    self.known(cursor, name, |_, c| c.int())?;
                }
                _ => self.unknown_value(UnknownKind::Field, name, cursor)?,
            }
        }
        Ok(())
    }

    /// Layouts by object group: `{group: MemoryLayoutDesc}`, the group a number or
    /// a text; or a list of them.
    fn group_layouts(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        untag(cursor)?;
        if cursor.accept_nil() {
            return Ok(());
        }
        let mut as_map = *cursor;
        if let Ok(pairs) = as_map.map_len() {
            *cursor = as_map;
            for _ in 0..pairs {
                cursor.skip()?;
                self.known(cursor, b"group_layout_descs", Self::layout)?;
            }
            return Ok(());
        }
        for _ in 0..cursor.array_len()? {
            self.known(cursor, b"group_layout_descs", Self::layout)?;
        }
        Ok(())
    }

    /// `AttnWindowDesc`: a list of numbers (0.5.1, 0.5.2) or a map (0.5.3 to 0.5.6);
    /// or nothing. Its content isn't kept.
    fn attention(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let offset = cursor.offset();
        match untag(cursor)? {
            None | Some(b"AttnWindowDesc") => {}
            Some(tag) => self.unknown(UnknownKind::Tag, tag, offset),
        }
        cursor.skip()?;
        Ok(())
    }
}
