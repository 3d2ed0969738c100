//! Where two lanes contradict each other about one setting.
//!
//! A packet may hold many processes, and a lane seldom says which of them it speaks of. So a
//! setting is only said to be contradicted where no value that one lane names is named by the
//! other: then either one of them is of another run, or what runs is not what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::Source;

use super::LaneRows;

/// Two lanes of which neither names a value of the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Disagreement {
    /// The setting.
    pub(crate) what: &'static str,
    /// What each of the two lanes names, with its place.
    pub(crate) said: Vec<Source>,
}

/// A setting under the names that the lanes have for it. An empty name: the lane does not tell.
struct Question {
    what: &'static str,
    /// Product of a launch line: the start of its name.
    product: &'static str,
    launch: &'static str,
    log: &'static str,
    /// JSON pointer in an MP server's configuration.
    config: &'static str,
}

const QUESTIONS: &[Question] = &[
    Question {
        what: "chunk size",
        product: "lmcache-server",
        launch: "chunk_size",
        log: "chunk_size",
        config: "/mp/chunk_size",
    },
    Question {
        what: "hash algorithm",
        product: "lmcache-server",
        launch: "hash_algorithm",
        log: "hash_algorithm",
        config: "/mp/hash_algorithm",
    },
    Question {
        what: "port of the LMCache server",
        product: "lmcache-server",
        launch: "port",
        log: "",
        config: "/mp/port",
    },
    Question {
        what: "KV role",
        product: "",
        launch: "kv_role",
        log: "kv_transfer_config.kv_role",
        config: "",
    },
    Question {
        what: "KV connector",
        product: "",
        launch: "connector",
        log: "kv_transfer_config.kv_connector",
        config: "",
    },
    Question {
        what: "engine block size",
        product: "",
        launch: "block_size",
        log: "block_size",
        config: "",
    },
    Question {
        what: "tensor parallel size",
        product: "",
        launch: "tensor_parallel",
        log: "tensor_parallel_size",
        config: "",
    },
];

/// What one lane says of one setting: values, each with the first place that names it.
type Said = BTreeMap<String, Source>;

/// All contradictions between lanes.
pub(crate) fn disagreements(rows: &LaneRows) -> Vec<Disagreement> {
    QUESTIONS.iter().filter_map(|question| one(question, rows)).collect()
}

fn one(question: &Question, rows: &LaneRows) -> Option<Disagreement> {
    let lanes = [launch(question, rows), log(question, rows), config(question, rows)];
    for (i, left) in lanes.iter().enumerate() {
        for right in lanes.iter().skip(i + 1) {
            let values = |said: &Said| said.keys().cloned().collect::<BTreeSet<String>>();
            if left.is_empty() || right.is_empty() || !values(left).is_disjoint(&values(right)) {
                continue;
            }
            let said = left.values().chain(right.values()).cloned().collect();
            return Some(Disagreement { what: question.what, said });
        }
    }
    None
}

fn note(said: &mut Said, artifact: &str, line: Option<u64>, what: &str, value: &str) {
    if value.is_empty() || value == "None" {
        return;
    }
    said.entry(value.to_owned()).or_insert_with(|| Source {
        line,
        value: Some(value.to_owned()),
        ..Source::new(artifact, what)
    });
}

fn launch(question: &Question, rows: &LaneRows) -> Said {
    let mut said = Said::new();
    for row in rows.processes.iter().filter(|r| r.product.starts_with(question.product)) {
        let Some(value) = row.settings.get(question.launch) else { continue };
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        note(&mut said, &row.path, None, question.launch, &value);
    }
    said
}

fn log(question: &Question, rows: &LaneRows) -> Said {
    let mut said = Said::new();
    for row in &rows.logs {
        for setting in row.evidence.settings.get(question.log).into_iter().flatten() {
            note(&mut said, &row.path, Some(setting.line), question.log, &setting.value);
        }
    }
    said
}

fn config(question: &Question, rows: &LaneRows) -> Said {
    let mut said = Said::new();
    for row in rows.http.iter().filter(|_| !question.config.is_empty()) {
        if let Some(value) = row.evidence.config(question.config) {
            note(&mut said, &row.path, None, question.config, value);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use lmcache_logs::{LogEvidence, Setting};

    use super::*;
    use crate::lanes::{LaunchRow, LogRow};

    fn launched(size: u64) -> LaunchRow {
        LaunchRow {
            path: "a.command.json".into(),
            product: "lmcache-server".into(),
            connectors: vec![],
            settings: [("chunk_size".to_owned(), size.into())].into(),
        }
    }

    fn logged(size: &str) -> LogRow {
        let mut evidence = LogEvidence::default();
        let setting = Setting { value: size.into(), line: 7, ..Setting::default() };
        evidence.settings.insert("chunk_size".into(), vec![setting]);
        LogRow { path: "a.log".into(), evidence }
    }

    fn rows(processes: Vec<LaunchRow>, logs: Vec<LogRow>) -> LaneRows {
        LaneRows { logs, processes, ..LaneRows::default() }
    }

    #[test]
    fn what_no_other_lane_names_is_a_contradiction() {
        let found = disagreements(&rows(vec![launched(256)], vec![logged("512")]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].what, found[0].said[1].line), ("chunk size", Some(7)));
    }

    #[test]
    fn several_servers_agree_as_a_set() {
        let two = vec![launched(256), launched(512)];
        assert_eq!(disagreements(&rows(two, vec![logged("512")])), []);
        assert_eq!(disagreements(&rows(vec![launched(256)], vec![])), []);
    }
}
