//! Families of signals by their status.

use coverage_model::{FamilyRow, Status};

use super::text::{Sheet, Style, plural, safe, styled};

/// Every status with its families. Unless `all` is set, those that are as they should be are counted.
pub(super) fn signals(sheet: &mut Sheet, families: &[FamilyRow], all: bool) {
    let mut label = "SIGNALS";
    if !all {
        sheet.entry(label, &counted(families));
        label = "";
    }
    for status in Status::ALL {
        let rows: Vec<&FamilyRow> = families.iter().filter(|f| f.status == status).collect();
        let told = matches!(status, Status::Missing | Status::Disabled | Status::Unknown);
        if rows.is_empty() || !(all || told) {
            continue;
        }
        let (style, word) = match status {
            Status::Missing => (Style::Bad, "missing"),
            Status::Populated => (Style::Good, "populated"),
            Status::Zero => (Style::Dim, "zero"),
            Status::NotEmitted => (Style::Dim, "not emitted"),
            Status::Disabled => (Style::Warn, "disabled"),
            Status::Unknown => (Style::Warn, "unknown"),
            Status::NotApplicable => (Style::Dim, "not applicable"),
        };
        let head = styled(style, &format!("{word} {}", rows.len()));
        let names = names(&rows);
        match status {
            Status::Missing => {
                sheet.entry(label, &head);
                for row in rows {
                    sheet.entry_at(
                        "",
                        2,
                        &safe(&format!("{}/{}: {}", row.surface, row.family, row.because)),
                    );
                }
            }
            Status::Unknown if !all => {
                sheet.entry(label, &head);
                reasons(sheet, &rows);
            }
            _ => {
                sheet.entry(label, &format!("{head}: {names}"));
                if all {
                    for row in rows {
                        sheet.entry_at(
                            "",
                            2,
                            &safe(&format!("{}/{}: {}", row.surface, row.family, row.because)),
                        );
                    }
                }
            }
        }
        label = "";
    }
    sheet.blank();
}

/// Families by surface, the surface named once.
fn names(rows: &[&FamilyRow]) -> String {
    let mut by: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows {
        match by.iter_mut().find(|(s, _)| *s == row.surface) {
            Some((_, list)) => list.push(&row.family),
            None => by.push((&row.surface, vec![&row.family])),
        }
    }
    by.into_iter()
        .map(|(surface, list)| format!("{surface}: {}", list.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

/// How many families are as they should be, the populated ones by surface.
fn counted(families: &[FamilyRow]) -> String {
    let mut by: Vec<(&str, usize)> = Vec::new();
    for row in families.iter().filter(|f| f.status == Status::Populated) {
        match by.iter_mut().find(|(surface, _)| *surface == row.surface) {
            Some((_, n)) => *n += 1,
            None => by.push((&row.surface, 1)),
        }
    }
    let mut parts: Vec<String> = Vec::new();
    let total: usize = by.iter().map(|(_, n)| n).sum();
    let by: Vec<String> = by.iter().map(|(surface, n)| format!("{surface} {n}")).collect();
    let by = if by.is_empty() { String::new() } else { format!(": {}", by.join(", ")) };
    parts.push(format!("{}{by}", styled(Style::Good, &format!("populated {total}"))));
    for (status, word) in [
        (Status::Zero, "zero"),
        (Status::NotEmitted, "not emitted"),
        (Status::NotApplicable, "not applicable"),
    ] {
        let n = families.iter().filter(|f| f.status == status).count();
        if n > 0 {
            parts.push(styled(Style::Dim, &format!("{word} {n}")));
        }
    }
    parts.join("; ")
}

/// The distinct reasons of rows, each once, with what they are about.
fn reasons(sheet: &mut Sheet, rows: &[&FamilyRow]) {
    let mut told: Vec<(&str, Vec<&FamilyRow>)> = Vec::new();
    for row in rows {
        match told.iter_mut().find(|(b, _)| *b == row.because) {
            Some((_, list)) => list.push(row),
            None => told.push((&row.because, vec![row])),
        }
    }
    told.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    let hidden = told.len().saturating_sub(5);
    for (because, list) in told.into_iter().take(5) {
        let mut surfaces: Vec<&str> = list.iter().map(|r| r.surface.as_str()).collect();
        surfaces.dedup();
        sheet.entry_at("", 2, &safe(&format!("{}: {because}", surfaces.join(", "))));
    }
    if hidden > 0 {
        sheet.entry_at("", 2, &format!("{}: --all shows them", plural(hidden, "other reason")));
    }
}
