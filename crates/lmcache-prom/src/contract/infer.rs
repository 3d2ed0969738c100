//! From the names and labels of a page to a range of releases.
//!
//! Four kinds of fact narrow the range, in this order, and each says so: a name that only some
//! releases have; a label that only some releases add; a label that later releases always add
//! and that is not there; a series that later releases register at start-up and that is not
//! there. The last two are absences: they only narrow what is left, they never contradict.

use super::catalog::{Catalog, Form, Part};
use super::release::Release;
use super::spelling::{Product, Spelling, When};

/// A sample name that was seen, with the labels of its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenName<'a> {
    /// Sample name as written.
    pub name: &'a str,
    /// Labels that at least one of its series has (also those with an empty value).
    pub labels: Vec<&'a str>,
}

/// What a decision did to the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing older than this release.
    AtLeast(Release),
    /// Nothing newer than this release.
    AtMost(Release),
}

/// One fact that narrowed the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How.
    pub effect: Effect,
    /// The fact, as a phrase.
    pub because: String,
}

/// Facts that no single examined release explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// What does not fit, as a sentence.
    pub what: String,
}

/// A range of releases and what decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// Product.
    pub product: Product,
    /// Releases that explain what was seen, oldest first; never empty.
    pub candidates: Vec<Release>,
    /// True when the newest candidate is also the newest examined release, so that a newer one
    /// would do as well.
    pub open: bool,
    /// Facts that set the lower and the upper end.
    pub decided_by: Vec<Decision>,
    /// Facts that no single release explains.
    pub contradictions: Vec<Contradiction>,
    /// What is there admits these, and decided so; what is not there only narrows them.
    by_presence: (Vec<Release>, Vec<Decision>),
}

impl Inference {
    /// Oldest candidate.
    pub fn min(&self) -> Option<Release> {
        self.candidates.first().copied()
    }

    /// Whether what is there admits a release of this range (`max` is `None` for "or newer"),
    /// whatever is not there.
    pub fn admits(&self, min: Release, max: Option<Release>) -> bool {
        self.by_presence.0.iter().any(|r| *r >= min && max.is_none_or(|m| *r <= m))
    }

    /// Newest candidate; `None` when anything newer would do as well.
    pub fn max(&self) -> Option<Release> {
        if self.open { None } else { self.candidates.last().copied() }
    }
}

/// Infers the releases of `product` that explain the names; `None` when no name is the
/// product's.
///
/// ```
/// use lmcache_prom::contract::{Catalog, Product, SeenName, infer};
/// let seen = [
///     SeenName { name: "lmcache_mp_l1_evicted_keys_total", labels: vec![] },
///     SeenName { name: "lmcache_mp_l1_memory_usage_bytes", labels: vec![] },
/// ];
/// let range = infer(&Catalog::new(), Product::Lmcache, &seen).unwrap();
/// assert_eq!(range.min().unwrap().to_string(), "0.4.5");
/// assert_eq!(range.max().unwrap().to_string(), "0.4.5");
/// ```
pub fn infer(catalog: &Catalog, product: Product, seen: &[SeenName<'_>]) -> Option<Inference> {
    let facts: Vec<Fact<'_>> = seen
        .iter()
        .filter_map(|s| {
            // A creation time says no more than the series that it belongs to.
            let named = catalog.name(s.name).filter(|n| n.part != Part::Created)?;
            let spellings: Vec<&'static Spelling> =
                named.spellings.iter().copied().filter(|x| x.product() == product).collect();
            (!spellings.is_empty()).then_some(Fact { seen: s, spellings, form: named.form })
        })
        .collect();
    if facts.is_empty() {
        return None;
    }
    let all = catalog.releases(product);
    let mut work =
        Narrowing { all, left: all.to_vec(), decided_by: vec![], contradictions: vec![] };
    work.by_names(&facts);
    work.by_labels_present(&facts);
    let by_presence = (work.left.clone(), work.decided_by.clone());
    work.by_labels_absent(&facts);
    work.by_cohorts(catalog, product, &facts);
    let open = work.left.last() == all.last();
    work.decided_by.dedup();
    Some(Inference {
        product,
        candidates: work.left,
        open,
        decided_by: work.decided_by,
        contradictions: work.contradictions,
        by_presence,
    })
}

/// Narrows an inference by a declared release; a contradiction is recorded and the declared
/// release wins, because somebody vouches for it.
pub fn narrow(catalog: &Catalog, inference: &mut Inference, declared: Release, source: &str) {
    let effective = catalog.examined(inference.product, declared).unwrap_or(declared);
    if !inference.candidates.contains(&effective) {
        let range = describe(inference);
        inference.contradictions.push(Contradiction {
            what: format!("{source} says {declared}, but what was seen fits {range} only"),
        });
    }
    inference.candidates = vec![effective];
    inference.open = false;
}

/// Narrows an inference by a range of releases (`max` is `None` for "or newer") that another
/// artifact of the same process admits. What is not there gives way to what another artifact
/// shows; where nothing would be left all the same, a contradiction is recorded and the range
/// stays as it is.
pub fn narrow_range(inference: &mut Inference, min: Release, max: Option<Release>, source: &str) {
    let inside = |r: &Release| *r >= min && max.is_none_or(|m| *r <= m);
    let keep = |all: &[Release]| -> Vec<Release> { all.iter().copied().filter(inside).collect() };
    let mut kept = keep(&inference.candidates);
    let shown = keep(&inference.by_presence.0);
    if kept.is_empty() && !shown.is_empty() {
        inference.candidates.clone_from(&inference.by_presence.0);
        inference.decided_by.clone_from(&inference.by_presence.1);
        kept = shown;
    }
    let told = match max {
        Some(max) if max == min => min.to_string(),
        Some(max) => format!("{min} to {max}"),
        None => format!("{min} or newer"),
    };
    // The pages do not say how new the release is, and it is newer than all that were examined.
    let beyond = inference.open && inference.candidates.last().is_none_or(|last| min > *last);
    if kept.is_empty() && beyond {
        return;
    }
    if kept.is_empty() && !(max.is_none() && inference.open) {
        let range = describe(inference);
        inference.contradictions.push(Contradiction {
            what: format!("{source} is of {told}, but what was seen fits {range} only"),
        });
        return;
    }
    let (first, last) = (inference.candidates.first(), inference.candidates.last());
    let mut note = |effect| {
        inference.decided_by.push(Decision { effect, because: format!("{source} is of {told}") });
    };
    if kept.first() != first && !kept.is_empty() {
        note(Effect::AtLeast(min));
    }
    if let Some(max) = max.filter(|_| kept.last() != last || inference.open) {
        note(Effect::AtMost(max));
        inference.open = false;
    }
    if !kept.is_empty() {
        inference.candidates = kept;
    }
}

fn describe(inference: &Inference) -> String {
    match (inference.min(), inference.max()) {
        (Some(a), Some(b)) if a == b => a.to_string(),
        (Some(a), Some(b)) => format!("{a} to {b}"),
        (Some(a), None) => format!("{a} or newer"),
        _ => "no examined release".into(),
    }
}

struct Fact<'a> {
    seen: &'a SeenName<'a>,
    spellings: Vec<&'static Spelling>,
    form: Form,
}

impl Fact<'_> {
    fn spelling(&self, release: Release) -> Option<&'static Spelling> {
        self.spellings.iter().copied().find(|s| s.in_release(release))
    }

    fn has_label(&self, name: &str) -> bool {
        self.seen.labels.contains(&name)
    }
}

struct Narrowing {
    all: &'static [Release],
    left: Vec<Release>,
    decided_by: Vec<Decision>,
    contradictions: Vec<Contradiction>,
}

impl Narrowing {
    /// Keeps the releases for which `admit` holds, if any is left; records what changed at the
    /// ends. Returns false when nothing would be left.
    fn keep(
        &mut self,
        admit: impl Fn(Release) -> bool,
        because: impl Fn(Effect) -> String,
    ) -> bool {
        let kept: Vec<Release> = self.left.iter().copied().filter(|r| admit(*r)).collect();
        let (Some(first), Some(last)) = (kept.first().copied(), kept.last().copied()) else {
            return false;
        };
        if Some(&first) != self.left.first() {
            let effect = Effect::AtLeast(first);
            self.decided_by.retain(|d| !matches!(d.effect, Effect::AtLeast(_)));
            self.decided_by.push(Decision { effect, because: because(effect) });
        }
        if Some(&last) != self.left.last() {
            let effect = Effect::AtMost(last);
            self.decided_by.retain(|d| !matches!(d.effect, Effect::AtMost(_)));
            self.decided_by.push(Decision { effect, because: because(effect) });
        }
        self.left = kept;
        true
    }

    fn by_names(&mut self, facts: &[Fact<'_>]) {
        let mut misfits = Vec::new();
        for fact in facts {
            let name = &fact.seen.name;
            let fits = self.keep(
                |r| fact.spelling(r).is_some(),
                |effect| match effect {
                    Effect::AtLeast(r) => format!("{name} is there, which {r} introduced"),
                    Effect::AtMost(r) => format!("{name} is there, which {r} was the last to have"),
                },
            );
            if !fits {
                misfits.push(*name);
            }
        }
        if !misfits.is_empty() {
            // Rather the releases that explain most names than those that the first ones chose.
            let admits = |r: &Release| facts.iter().filter(|f| f.spelling(*r).is_some()).count();
            let best = self.all.iter().map(admits).max().unwrap_or(0);
            self.left = self.all.iter().copied().filter(|r| admits(r) == best).collect();
            self.decided_by.clear();
            let unfit: Vec<&str> = facts
                .iter()
                .filter(|f| !self.left.iter().any(|r| f.spelling(*r).is_some()))
                .map(|f| f.seen.name)
                .take(5)
                .collect();
            let unfit = if unfit.is_empty() { misfits.join(", ") } else { unfit.join(", ") };
            self.contradictions.push(Contradiction {
                what: format!(
                    "no single release has all names on the page: {unfit} does not fit the others"
                ),
            });
        }
    }

    fn by_labels_present(&mut self, facts: &[Fact<'_>]) {
        for fact in facts.iter().filter(|f| f.form != Form::Otel) {
            for label in &fact.seen.labels {
                let known =
                    fact.spellings.iter().any(|s| s.labels.iter().any(|rule| rule.name == *label));
                if !known {
                    continue;
                }
                let name = fact.seen.name;
                let fits = self.keep(
                    |r| fact.spelling(r).is_none_or(|s| has_label_in(s, label, r)),
                    |effect| match effect {
                        Effect::AtLeast(r) => {
                            format!("{name} has the label {label}, which {r} added")
                        }
                        Effect::AtMost(r) => {
                            format!("{name} has the label {label}, which {r} was the last to add")
                        }
                    },
                );
                if !fits {
                    self.contradictions.push(Contradiction {
                        what: format!("{name} has the label {label}, which none of the releases has that fit the names"),
                    });
                }
            }
        }
    }

    fn by_labels_absent(&mut self, facts: &[Fact<'_>]) {
        for fact in facts.iter().filter(|f| f.form == Form::Exposed) {
            for rule in fact.spellings.iter().flat_map(|s| s.labels) {
                let dated = rule.from.is_some() || rule.to.is_some() || fact.spellings.len() > 1;
                if !dated || fact.has_label(rule.name) {
                    continue;
                }
                let (name, label) = (fact.seen.name, rule.name);
                self.keep(
                    |r| fact.spelling(r).is_none_or(|s| !always_has_label(s, label, r)),
                    |effect| match effect {
                        Effect::AtMost(_) => {
                            format!("{name} lacks the label {label} that later releases add")
                        }
                        Effect::AtLeast(_) => {
                            format!("{name} lacks the label {label} that earlier releases had")
                        }
                    },
                );
            }
        }
    }

    /// Of the releases left, those that register the fewest start-up series that are not there.
    fn by_cohorts(&mut self, catalog: &Catalog, product: Product, facts: &[Fact<'_>]) {
        if facts.iter().any(|f| f.form == Form::Otel) {
            return;
        }
        let mut cohorts: Vec<&str> = facts
            .iter()
            .flat_map(|f| f.spellings.iter())
            .filter_map(|s| if let When::With(c) = s.when { Some(c) } else { None })
            .collect();
        cohorts.sort_unstable();
        cohorts.dedup();
        let expected: Vec<&'static Spelling> = catalog
            .spellings()
            .filter(|s| s.product() == product)
            .filter(|s| matches!(s.when, When::With(c) if cohorts.contains(&c)))
            .collect();
        let absent = |r: Release| -> Vec<&'static str> {
            expected
                .iter()
                .filter(|s| s.in_release(r))
                .filter(|s| !facts.iter().any(|f| f.spellings.iter().any(|x| x.signal == s.signal)))
                .map(|s| s.name)
                .collect()
        };
        let Some(fewest) = self.left.iter().map(|r| absent(*r).len()).min() else { return };
        // Where much is missing of whatever release it may be, the page is an excerpt: what is
        // not there then tells of whoever cut it.
        let due = |r: &Release| expected.iter().filter(|s| s.in_release(*r)).count();
        let best = self.left.iter().find(|r| absent(**r).len() == fewest).map_or(0, due);
        if fewest >= 2 && fewest.saturating_mul(EXCERPT) > best {
            return;
        }
        let dropped: Vec<&'static str> = self
            .left
            .iter()
            .filter(|r| absent(**r).len() > fewest)
            .flat_map(|r| absent(*r))
            .collect();
        self.keep(
            |r| absent(r).len() == fewest,
            |effect| {
                let names: Vec<&str> = match effect {
                    Effect::AtMost(end) => dropped
                        .iter()
                        .copied()
                        .filter(|n| {
                            catalog.name(n).and_then(|x| x.newest()).is_some_and(|s| s.from > end)
                        })
                        .collect(),
                    Effect::AtLeast(_) => dropped.clone(),
                };
                let name =
                    names.first().or(dropped.first()).copied().unwrap_or("a start-up series");
                match effect {
                    Effect::AtMost(_) => {
                        format!("{name} is not there, which later releases register at start-up")
                    }
                    Effect::AtLeast(_) => {
                        format!("{name} is not there, which earlier releases register at start-up")
                    }
                }
            },
        );
    }
}

/// A page on which one in so many start-up series is missing is an excerpt.
const EXCERPT: usize = 4;

fn has_label_in(spelling: &Spelling, label: &str, release: Release) -> bool {
    spelling.labels.iter().any(|rule| {
        rule.name == label
            && rule.from.is_none_or(|from| from <= release)
            && rule.to.is_none_or(|to| release <= to)
    })
}

fn always_has_label(spelling: &Spelling, label: &str, release: Release) -> bool {
    spelling.labels.iter().any(|rule| {
        rule.name == label
            && !rule.optional
            && rule.from.is_none_or(|from| from <= release)
            && rule.to.is_none_or(|to| release <= to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::spelling::LabelRule;

    #[test]
    fn what_is_not_there_gives_way_to_what_another_artifact_shows() {
        let catalog = Catalog::new();
        // All that 0.4.7 registers at start-up: without what 0.5.0 added it looks older.
        let old: Release = "0.4.7".parse().unwrap();
        let cohort =
            catalog.name("lmcache_mp_l1_memory_usage_bytes").unwrap().newest().unwrap().when;
        let labels = |s: &Spelling| -> Vec<&str> {
            let there = |l: &&LabelRule| has_label_in(s, l.name, old);
            s.labels.iter().filter(there).map(|l| l.name).collect()
        };
        let seen: Vec<SeenName<'_>> = catalog
            .spellings()
            .filter(|s| s.product() == Product::Lmcache && s.when == cohort && s.in_release(old))
            .map(|s| SeenName { name: s.name, labels: labels(s) })
            .collect();
        let release = |text: &str| text.parse::<Release>().unwrap();
        let page = infer(&catalog, Product::Lmcache, &seen).unwrap();
        assert!(page.max().is_some_and(|max| max < release("0.5.0")), "{page:?}");
        let mut joined = page.clone();
        narrow_range(&mut joined, release("0.5.1"), None, "a status");
        assert_eq!(joined.min(), Some(release("0.5.1")), "{joined:?}");
        assert!(joined.contradictions.is_empty() && joined.max() > page.max() || joined.open);
        // What is there does not give way.
        let mut other = page.clone();
        narrow_range(&mut other, release("0.3.13"), Some(release("0.3.15")), "a status");
        assert_eq!((other.candidates, other.contradictions.len()), (page.candidates, 1));
    }
}
