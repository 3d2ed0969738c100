//! A flag or file that is needed was not given, or is not read.

use lmcache_launch::{How, Product as Program, Setting};
use lmcache_prom::contract::{Product, Release};

use crate::rules::prelude::*;
use crate::view::{Stated, Teller, View};

const DROPPED: Threshold = Threshold {
    name: "min_dropped",
    unit: "requests",
    default: 2.0,
    about: "Requests with transfer parameters and no connector before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "launch_config_missing",
    aliases: &[],
    title: "A flag or a configuration file that this release needs was not given, or is not read \
        by it",
    kind: Kind::Cause,
    cause: Some("launch-config-missing"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log, Need::Launch],
    thresholds: &[&DROPPED],
    releases: "",
    explanation: "Each release reads its own flags, variables and keys. SGLang since 0.5.13 takes the \
        server's address only from --lmcache-config-file; vLLM needs kv_role with a \
        connector; lmcache server needs the size of L1. What is given in a place that the \
        release does not read has no effect, or ends the start. An engine of a \
        disaggregated deployment without --kv-transfer-config starts, drops the transfer \
        parameters of every request and computes all prompts itself.",
    confirm: "Read the error at the line named, and compare the launch line with --help of the \
        release that runs.",
    action: "Give the flag or the variable that the error names (MOONCAKE_CONFIG_PATH for a Mooncake \
        store without settings in extra_config). For SGLang: --lmcache-config-file FILE with \
        mp_host and mp_port; for vLLM: \"kv_role\":\"kv_both\" beside kv_connector.",
    false_positives: "A flag of a newer release that no table knows yet is not judged.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "engine_start_failed",
        "remote-unreachable",
        "lmcache_embedded_remote_backend_errors",
    ],
    related: &["version-mismatch"],
    evaluate,
    example: Example {
        title: "SGLang asks for its configuration file",
        files: &[File::text(
            "engine.log",
            r#"[2026-07-05 13:00:02] Scheduler hit an exception: Traceback (most recent call last):
  File "sglang/srt/mem_cache/storage/lmcache/lmc_radix_cache.py", line 143, in __init__
    raise ValueError(
ValueError: MP mode requires --lmcache-config-file (the YAML supplies mp_host / mp_port).
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The file is given",
        files: &[File::text(
            "command.json",
            r#"{"argv": ["python", "-m", "sglang.launch_server", "--model-path", "m", "--enable-lmcache", "--lmcache-config-file", "/c.yaml"], "env": {}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.9,
        "the start asks for a flag that was not given",
        &[
            "sglang.lmcache_config_missing",
            "config.required",
            "config.role_missing",
            "config.invalid_value",
        ],
    ));
    signs.extend(logged(
        view,
        0.8,
        "a flag is not known to this release",
        &["config.unrecognized"],
    ));
    signs.extend(raised(view, 0.85, "the connector has no kv_role", &["kv_role"]));
    signs.extend(variable_missing(view));
    signs.extend(logged(
        view,
        0.8,
        "a backend that reads its settings from extra_config has none",
        &["config.extra_missing"],
    ));
    let dropped = ["vllm.params_dropped"];
    if view.count(&dropped) as f64 >= cx.threshold(&DROPPED) {
        signs.extend(logged(
            view,
            0.7,
            "requests bring transfer parameters and this engine has no KV connector",
            &dropped,
        ));
    }
    signs.extend(unread(view));
    signs.extend(incomplete(view));
    for process in view.engines() {
        for c in process.connectors.iter().filter(|c| c.inside.is_none() && c.role.is_none()) {
            if matches!(process.product, Program::Vllm | Program::DynamoVllm)
                && c.how == How::Measured
            {
                signs.push(Sign::inferred(
                    0.6,
                    "a kv_connector without a kv_role",
                    vec![placed(&c.place, "kv_connector", Some(c.name.clone()))],
                ));
            }
        }
        let sglang = matches!(process.product, Program::Sglang | Program::DynamoSglang);
        let asked =
            process.setting("sglang.enable_lmcache").and_then(lmcache_launch::Setting::as_bool)
                == Some(true);
        let file = process.flag("--lmcache-config-file").is_some();
        let since = Release::new(0, 5, 13, 0);
        let (min, _) = view.releases.get(&Product::Sglang).copied().unwrap_or_default();
        if sglang && asked && !file && min.is_some_and(|m| m >= since) {
            signs.push(Sign::inferred(
                0.7,
                "SGLang was started with --enable-lmcache and without --lmcache-config-file",
                launched(process, "sglang.enable_lmcache").into_iter().collect(),
            ));
        }
    }
    for config in view.launch.iter().flat_map(|l| &l.launch.configs) {
        if let Some(key) = config.unknown_keys.first().filter(|_| start_failed(view)) {
            signs.push(Sign::inferred(
                0.5,
                "a configuration file has keys that no release knows",
                vec![placed(&config.place, "unknown key", Some(key.clone()))],
            ));
        }
    }
    // A start that asks for a flag has ended, whatever else the log holds.
    let ended = view.count(REFUSED) > 0;
    let only_dropped = signs.len() == 1 && view.count(&dropped) > 0;
    critical_if_down(view, Outcome::from_signs(signs, 0.5)).map(|hit| {
        if only_dropped {
            hit.action = Some(
                "Start this engine with the --kv-transfer-config of its role, or send its requests without transfer parameters.".into(),
            );
        }
        if ended {
            hit.severity = Some(Severity::Critical);
        }
    })
}

/// Lines with which a start ends for want of a flag.
const REFUSED: &[&str] = &[
    "sglang.lmcache_config_missing",
    "config.required",
    "config.role_missing",
    "config.unrecognized",
];

/// Beginnings of variables that LMCache and the backends below it read.
const VARIABLES: &[&str] = &["LMCACHE_", "MOONCAKE_", "MC_", "NIXL_", "SGLANG_HICACHE_", "EIC_"];

/// A backend asks for a variable that the environment does not have.
fn variable_missing(view: &View<'_>) -> Option<Sign> {
    let asked = view.texts(&["config.env_missing"], "variable");
    let ours: Vec<&str> = asked
        .keys()
        .map(|name| name.trim_matches(|c| matches!(c, '\'' | '"' | '`')))
        .filter(|name| VARIABLES.iter().any(|start| name.starts_with(start)))
        .collect();
    if ours.is_empty() {
        return None;
    }
    logged(
        view,
        0.85,
        &format!("{} is asked for and is not set", ours.join(", ")),
        &["config.env_missing"],
    )
}

/// A configuration file that is there, an engine that says that none is set, and values that are
/// not those of the file.
fn unread(view: &View<'_>) -> Option<Sign> {
    let said = ["embedded.no_config"];
    if view.count(&said) == 0 {
        return None;
    }
    let differs = |s: &Setting| {
        let printed: Vec<Stated> =
            view.stated(&s.name).into_iter().filter(|p| p.teller == Teller::Log).collect();
        let same = |p: &Stated| match (s.as_f64(), p.number(), s.as_bool(), p.flag()) {
            (Some(a), Some(b), ..) => a == b,
            (_, _, Some(a), Some(b)) => a == b,
            _ => s.value.as_str().unwrap_or_default() == p.text().unwrap_or_default(),
        };
        (!printed.is_empty() && !printed.iter().any(same))
            .then(|| printed.into_iter().next().map(|p| p.source))
            .flatten()
    };
    let (setting, runs) = view
        .launch
        .iter()
        .flat_map(|l| &l.launch.configs)
        .flat_map(|config| &config.settings)
        .find_map(|s| Some((s, differs(s)?)))?;
    let mut sources = view.places(&said);
    sources.push(placed(&setting.place, setting.key.clone(), Some(setting.value.to_string())));
    sources.push(runs);
    Some(Sign::inferred(
        0.75,
        format!(
            "the engine says that no configuration file is set, and runs with another {} than the file has",
            setting.key
        ),
        sources,
    ))
}

/// What LMCache inside an engine asks for beside a setting that is on (lmcache 0.3.9.post2 to
/// 0.5.6, `v1/config.py`). Where it is missing, LMCache does not start, often without a word.
const REQUIRES: &[(&str, &[&str])] = &[
    ("controller.enabled", &["controller.pull_url", "controller.worker_ports"]),
    (
        "p2p.enabled",
        &[
            "controller.pull_url",
            "controller.reply_url",
            "p2p.host",
            "p2p.init_ports",
            "p2p.lookup_ports",
        ],
    ),
    ("pd.enabled", &["pd.role", "pd.buffer_size_bytes", "pd.buffer_device"]),
    ("nixl.storage", &["nixl.buffer_device"]),
];

/// Settings that are on without those that they ask for, where LMCache did not come up.
fn incomplete(view: &View<'_>) -> Vec<Sign> {
    let degraded = ["embedded.degraded"];
    if view.count(&degraded) == 0 && !start_failed(view) {
        return vec![];
    }
    let mut signs = Vec::new();
    for process in view.engines() {
        for (switch, needs) in REQUIRES {
            let on = view.effective(process, switch).filter(|s| s.flag() == Some(true));
            let Some(on) = on else { continue };
            let set = |name: &&&str| {
                view.effective(process, name)
                    .is_some_and(|s| !s.default && (s.text().is_some() || !s.value.is_null()))
            };
            let missing: Vec<&str> = needs.iter().filter(|n| !set(n)).copied().collect();
            if let Some(first) = missing.first() {
                let mut sources = vec![on.source];
                sources.push(placed(&process.place, (*first).to_owned(), Some("not set".into())));
                sources.extend(view.places(&degraded));
                signs.push(Sign::inferred(
                    0.7,
                    format!("{switch} is on without {}", missing.join(", ")),
                    sources,
                ));
            }
        }
    }
    signs
}
