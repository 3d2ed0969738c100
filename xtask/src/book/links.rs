//! Links of Markdown pages: what they lead to has to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::tree;

/// A page as far as links go.
#[derive(Debug, Default)]
struct Page {
    targets: Vec<String>,
    anchors: BTreeSet<String>,
}

/// Where the links of a text lead, in order.
pub(super) fn targets(text: &str) -> Vec<String> {
    read(text).targets
}

fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.targets.push(dest_url.to_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(title) = heading.take() {
                    page.anchors.insert(anchor(&title, &page.anchors));
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(title) = &mut heading {
                    title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    page
}

/// The id that mdBook gives a heading.
fn anchor(title: &str, taken: &BTreeSet<String>) -> String {
    let id: String = title
        .chars()
        .filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect();
    let mut free = id.clone();
    let mut n = 0_usize;
    while taken.contains(&free) {
        n += 1;
        free = format!("{id}-{n}");
    }
    free
}

/// Every link of the documentation that leads nowhere, one line each. Links to other hosts are not
/// followed. A page of the book must not link out of it: there is nothing outside once it is built.
pub(super) fn broken(root: &Path) -> Result<Vec<String>> {
    let docs = root.join("docs");
    let mut files: Vec<PathBuf> =
        tree::files(&docs)?.into_iter().filter(|p| is_markdown(p)).collect();
    files.push(root.join("README.md"));
    for krate in std::fs::read_dir(root.join("crates"))? {
        files.extend(Some(krate?.path().join("README.md")).filter(|p| p.is_file()));
    }
    files.sort();
    let mut pages = BTreeMap::new();
    for path in files {
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        pages.insert(path, read(&text));
    }
    let mut wrong = Vec::new();
    for (path, page) in &pages {
        let name = path.strip_prefix(root).unwrap_or(path).display();
        let home = path.starts_with(&docs).then_some(docs.as_path());
        for target in &page.targets {
            if let Some(why) = fault(path, target, home, &pages) {
                wrong.push(format!("{name}: {target}: {why}"));
            }
        }
    }
    Ok(wrong)
}

pub(super) fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "md")
}

/// Why a link leads nowhere.
fn fault(
    from: &Path,
    target: &str,
    home: Option<&Path>,
    pages: &BTreeMap<PathBuf, Page>,
) -> Option<&'static str> {
    if ["http://", "https://", "mailto:"].iter().any(|s| target.starts_with(s)) {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let to = if file.is_empty() { from.to_path_buf() } else { joined(from, file) };
    if !to.exists() {
        return Some("no such file");
    }
    if home.is_some_and(|home| !to.starts_with(home)) {
        return Some("leads out of the book");
    }
    let known = || pages.get(&to).is_some_and(|page| page.anchors.contains(anchor));
    (!anchor.is_empty() && !known()).then_some("no such heading")
}

/// A path beside a file, with `..` resolved.
fn joined(from: &Path, to: &str) -> PathBuf {
    let mut out = from.parent().map(Path::to_path_buf).unwrap_or_default();
    for part in Path::new(to).components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::Normal(name) => out.push(name),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_ids_of_mdbook() {
        let page = read("# One `two`: three!\n\n## A\n\n## A\n\n[x](y.md#z) `[no](link)`\n");
        let anchors: Vec<&str> = page.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["a", "a-1", "one-two-three"]);
        assert_eq!(page.targets, ["y.md#z"]);
    }

    #[test]
    fn what_leads_nowhere_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let docs = dir.path().join("docs");
        std::fs::create_dir_all(&docs).unwrap();
        std::fs::create_dir_all(dir.path().join("crates")).unwrap();
        std::fs::write(dir.path().join("README.md"), "# R\n\n[a](docs/a.md#t) [b](docs/b.md)\n")
            .unwrap();
        std::fs::write(
            docs.join("a.md"),
            "# T\n\n[r](../README.md) [h](#t) [n](#none) <https://x.y>\n",
        )
        .unwrap();
        assert_eq!(
            broken(dir.path()).unwrap(),
            [
                "README.md: docs/b.md: no such file",
                "docs/a.md: ../README.md: leads out of the book",
                "docs/a.md: #none: no such heading",
            ]
        );
    }
}
