//! An import into tables made here.

use std::path::Path;

use super::{release, wheel};
use crate::catalog_import::facts::{Kind, Reading};
use crate::catalog_import::judged::Judged;
use crate::catalog_import::places::Places;
use crate::catalog_import::tables::Catalog;
use crate::catalog_import::{column, compare, drift, extract, package};

/// A repository with the tables that LMCache has, small.
fn tables(root: &Path) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "crates/lmcache-prom/contract/releases.csv",
        "product|complete|releases\nlmcache|yes|1.0.0 1.1.0\n",
    );
    write("crates/lmcache-http/contract/commits.csv", "release|commit\n1.0.0|ga\n1.1.0|gb\n");
    write(
        "crates/lmcache-prom/contract/lmcache-mp.csv",
        "# why\nsignal|name|otel|type|unit|from|to|when|needs|labels|nearest\n\
         mp.l1.read|lmcache_mp_l1_read_chunks_total|lmcache_mp.l1_read|counter|chunks|1.0.0|-|after:x||model_name tag?@1.1.0|\n\
         mp.lost|lmcache_mp_lost_total|lmcache_mp.lost|counter||1.0.0|1.0.0|after:x|||mp.l1.read\n\
         mp.young|lmcache_mp_young|lmcache_mp.young|gauge||1.1.0|-|with:mp.server|||\n",
    );
    write(
        "crates/lmcache-prom/contract/lmcache-embedded.csv",
        "signal|name|otel|type|unit|from|to|when|needs|labels|nearest\n",
    );
    write(
        "crates/lmcache-http/contract/routes.csv",
        "component|method|path|from|to|class|why|exposes|previous|next|ask|note\n\
         mp_server|GET|/old|1.0.0|1.0.0|safe|reads|||/new|status|\n\
         mp_server|GET|/new|1.1.0|-|safe|reads||/old||status|\n",
    );
    write("crates/lmcache-otel/contract/spans.csv", "span|tracer|parent|kind|from|to|attributes\n");
    write("crates/lmcache-trace/contract/calls.csv", "call|from|to|args\n");
    write("crates/lmcache-trace/contract/codecs.csv", "tag|from|to\n");
    write("crates/lmcache-launch/tables/known_keys.tsv", "chunk_size\t1.0.0\t\n");
    write(
        "crates/lmcache-logs/tables/events.tsv",
        "mp.up\t-\t-\tlmcache\t1.0.0..1.0.0\tServer on {port}\tup\n\
         mp.up\t-\t-\tlmcache\t1.1.0..\tServer listens on {port}\tup\n",
    );
}

const OLD: &[(&str, &str)] = &[
    (
        "lmcache/m.py",
        "class S:\n    def __init__(self):\n        self.a = m.create_counter(\"lmcache_mp.l1_read\", unit=\"chunks\")\n        \
         self.b = m.create_counter(\"lmcache_mp.lost\")\n    def on(self):\n        self.a.add(1, {\"model_name\": 1})\n        self.b.add(1)\n",
    ),
    (
        "lmcache/http/a.py",
        "@router.get(\"/old\")\ndef f(): ...\nlogger.info(\"Server on %d\", port)\n",
    ),
    ("lmcache/config.py", "_CONFIG_DEFINITIONS = {\"chunk_size\": {}}\n"),
];

const NEW: &[(&str, &str)] = &[
    (
        "lmcache/m.py",
        "class S:\n    def __init__(self):\n        self.a = m.create_counter(\"lmcache_mp.l1_read\", unit=\"chunks\")\n        \
         self.c = m.create_gauge(\"lmcache_mp.young\")\n    def on(self):\n        self.a.add(1, {\"model_name\": 1, \"tag\": 2})\n        self.c.set(1)\n",
    ),
    (
        "lmcache/http/a.py",
        "@router.get(\"/new\")\ndef f(): ...\nlogger.info(\"Server listens on %d\", port)\n",
    ),
    ("lmcache/config.py", "_CONFIG_DEFINITIONS = {\"chunk_size\": {}}\n"),
    ("lmcache/_version.py", "__commit_id__ = 'gb'\n"),
];

const PLACES_MP: &str = "lmcache\troute\tlmcache/http/\tmp_server\n\
                         lmcache\tconfig-key\tlmcache/config.py\tembedded\n";

const JUDGED: &str = r#"
[[rename]]
product = "lmcache"
release = "1.1.0"
kind = "route"
old = "mp_server GET /old"
new = "mp_server GET /new"
reason = "the same handler"

[[rename]]
product = "lmcache"
release = "1.1.0"
kind = "log"
old = "Server on {port}"
new = "Server listens on {port}"
reason = "the same call"
"#;

fn of(files: &[(&str, &str)]) -> Reading {
    let package = package::of_bytes("x.whl", &wheel("1.1.0", files)).unwrap();
    extract::read(&package, &Places::parse(PLACES_MP, "lmcache").unwrap())
}

#[test]
fn a_catalog_cut_and_continued_is_the_catalog() {
    let dir = tempfile::tempdir().unwrap();
    tables(dir.path());
    let there = Catalog::read(dir.path(), "lmcache").unwrap();
    let (last, next) = (release("1.0.0"), release("1.1.0"));
    let cut = there.cut(last);
    let text = |catalog: &Catalog, n: usize| catalog.tables[n].1.text();
    assert!(
        text(&cut, 0).contains("mp.lost|lmcache_mp_lost_total|lmcache_mp.lost|counter||1.0.0|-|")
    );
    assert!(!text(&cut, 0).contains("young") && !text(&cut, 0).contains("tag"));
    assert_eq!(cut.column(last).len(), 5);
    let judged = Judged::parse(JUDGED, "lmcache").unwrap();
    let (old, new) = (of(OLD), of(NEW));
    let drift = drift::between(&cut, (last, next), (Some(&old), &new), &judged);
    let named = |kind, name: &str| (kind, name.to_owned());
    assert_eq!(
        drift.new.iter().cloned().collect::<Vec<_>>(),
        [named(Kind::Metric, "lmcache_mp_young")]
    );
    assert_eq!(
        drift.gone.iter().cloned().collect::<Vec<_>>(),
        [named(Kind::Metric, "lmcache_mp_lost_total")]
    );
    assert_eq!(drift.renamed.len(), 2);
    assert_eq!(drift.labels[0].came, ["tag"]);
    assert_eq!((drift.candidates.len(), drift.doubtful.len(), drift.changes.len()), (0, 0, 0));
    // Where the column is there, what was judged stays: nothing changes, not even the order.
    let again = column::write(there.clone(), &drift, &new, (last, next));
    for ((path, text), (_, want)) in again.files().iter().zip(there.files()) {
        assert_eq!(*text, want, "{}", path.display());
    }
    // Where it is not, what nobody judged claims least, and the comparison says so.
    let bare = column::write(cut, &drift, &new, (last, next));
    assert!(
        text(&bare, 0)
            .contains("mp.young|lmcache_mp_young|lmcache_mp.young|gauge||1.1.0|-|first_use|")
    );
    assert_eq!(bare.releases.text(), there.releases.text());
    assert_eq!(bare.commits.text(), there.commits.text());
    let comparison = compare::columns_of(&bare, &there, next);
    assert!(comparison.lacking.is_empty() && comparison.extra.is_empty());
    let cells: Vec<&str> = comparison.cells.iter().map(|c| c.2.as_str()).collect();
    assert_eq!(cells, ["when"]);
    // The released column and its package agree; another package does not.
    assert!(compare::check(&there, next, &new, &judged).differences.is_empty());
    let wrong = compare::check(&there, next, &old, &judged).differences;
    assert!(wrong.iter().any(|(_, key, _)| key == "lmcache_mp_lost_total"), "{wrong:?}");
    assert!(wrong.iter().any(|(_, key, _)| key == "mp_server GET /new"), "{wrong:?}");
}

#[test]
fn nothing_is_closed_without_the_release_before() {
    let dir = tempfile::tempdir().unwrap();
    tables(dir.path());
    let cut = Catalog::read(dir.path(), "lmcache").unwrap().cut(release("1.0.0"));
    let (old, new) = (of(OLD), of(NEW));
    let releases = (release("1.0.0"), release("1.1.0"));
    let blind = drift::between(&cut, releases, (None, &new), &Judged::default());
    assert!(blind.gone.is_empty());
    assert_eq!(blind.doubtful.len(), 3);
    // Unjudged, a rename is proposed by its place.
    let seeing = drift::between(&cut, releases, (Some(&old), &new), &Judged::default());
    let proposed: Vec<(&str, &str)> =
        seeing.candidates.iter().map(|c| (c.old.as_str(), c.new.as_str())).collect();
    assert_eq!(
        proposed,
        [
            ("mp_server GET /old", "mp_server GET /new"),
            ("Server on {port}", "Server listens on {}")
        ]
    );
    // What the reading of the release before does not find either is not gone.
    let none =
        drift::between(&cut, releases, (Some(&of(&OLD[2..])), &of(&NEW[2..])), &Judged::default());
    assert!(none.gone.is_empty() && none.doubtful.is_empty());
    let written = column::write(cut, &none, &new, releases);
    assert!(
        written.tables[0]
            .1
            .text()
            .contains("lmcache_mp_lost_total|lmcache_mp.lost|counter||1.0.0|-|")
    );
}

#[test]
fn judgement_needs_a_reason() {
    let bare = JUDGED.replace("the same call", " ");
    assert!(Judged::parse(&bare, "lmcache").unwrap_err().to_string().contains("needs a reason"));
    assert!(Judged::parse(&bare, "vllm").is_ok());
    assert!(
        Judged::parse(
            "[[accept]]\nproduct=\"vllm\"\nkind=\"x\"\nnames=\"*\"\nreason=\"r\"",
            "vllm"
        )
        .is_err()
    );
}
