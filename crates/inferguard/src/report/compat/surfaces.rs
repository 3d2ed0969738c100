//! Families counted by surface and status.

use std::collections::BTreeMap;

use coverage_model::{FamilyRow, RequiredWhen, Status};
use serde::Serialize;

/// One surface: how many of its families are in which state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SurfaceRow {
    /// Families.
    pub family_count: usize,
    /// Families by status.
    pub populated: usize,
    /// Families by status.
    pub zero: usize,
    /// Families by status.
    pub not_emitted: usize,
    /// Families by status.
    pub missing: usize,
    /// Families by status.
    pub disabled: usize,
    /// Families by status.
    pub not_applicable: usize,
    /// Families by status.
    pub unknown: usize,
    /// Families that have to be there in some condition.
    pub required_family_count: usize,
    /// Required families that are populated.
    pub required_populated: usize,
    /// Required families that are zero.
    pub required_zero: usize,
    /// Required families that are missing.
    pub required_missing: usize,
    /// `complete`, `partial`, `zero`, `missing`, `not_emitted`, `disabled`, `unknown`, `not_applicable`.
    pub status: String,
}

/// One row a surface.
pub(in crate::report) fn surfaces(families: &[FamilyRow]) -> BTreeMap<String, SurfaceRow> {
    let mut out: BTreeMap<String, SurfaceRow> = BTreeMap::new();
    for family in families {
        let row = out.entry(family.surface.clone()).or_default();
        row.family_count += 1;
        let slot = match family.status {
            Status::Populated => &mut row.populated,
            Status::Zero => &mut row.zero,
            Status::NotEmitted => &mut row.not_emitted,
            Status::Missing => &mut row.missing,
            Status::Disabled => &mut row.disabled,
            Status::NotApplicable => &mut row.not_applicable,
            Status::Unknown => &mut row.unknown,
        };
        *slot += 1;
        if !matches!(family.required_when, RequiredWhen::Optional | RequiredWhen::Sampled) {
            row.required_family_count += 1;
            match family.status {
                Status::Populated => row.required_populated += 1,
                Status::Zero => row.required_zero += 1,
                Status::Missing => row.required_missing += 1,
                _ => {}
            }
        }
    }
    for row in out.values_mut() {
        // A counter that is healthy at zero, or that has had no event yet, lowers nothing.
        row.status = if row.missing > 0 {
            if row.populated > 0 { "partial" } else { "missing" }
        } else if row.populated > 0 {
            "complete"
        } else if row.zero > 0 {
            "zero"
        } else if row.disabled > 0 {
            "disabled"
        } else if row.unknown > 0 {
            "unknown"
        } else if row.not_emitted > 0 {
            "not_emitted"
        } else {
            "not_applicable"
        }
        .into();
    }
    out
}
