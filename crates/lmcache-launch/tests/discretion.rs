//! Secrets are planted in every kind of artifact, and looked for in what leaves the crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use lmcache_launch::Kind;

/// Secrets by the text that must not be found again.
const SECRETS: &[&str] = &[
    "AKIAZ3QXMPLE7PLANTED",
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12Mn34Op56",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQtMTIz",
    "redis://cacheuser:Tr0ub4dor3x@cache:6379",
    "https://acct.blob.core.windows.net/c?sv=2022-11-02&sig=PlantedSigValue0123456789abcd%3D",
    "Bearer PlantedBearerToken0123456789abcdef",
    "planted.person@example.org",
];

/// The part of a secret that must be gone.
fn needle(secret: &str) -> &str {
    match secret {
        s if s.starts_with("redis") => "Tr0ub4dor3x",
        s if s.starts_with("https") => "PlantedSigValue",
        s if s.starts_with("Bearer") => "PlantedBearerToken",
        s => s,
    }
}

fn q(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn plant(secret: &str) -> Vec<(Kind, String)> {
    let s = q(secret);
    let transfer = format!(
        r#"{{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both","kv_connector_extra_config":{{"lmcache.remote_url":{s},"unknown_key":{s}}}}}"#
    );
    let t = q(&transfer);
    vec![
        (
            Kind::Command,
            format!(
                r#"{{"argv":["vllm","serve",{s},"--api-key",{s},"--new-flag",{s},"--kv-transfer-config",{t}],"env":{{"LMCACHE_REMOTE_URL":{s},"OTHER":{s},"UCX_TLS":{s}}}}}"#
            ),
        ),
        (
            Kind::Shell,
            format!(
                "export LMCACHE_REMOTE_URL='{secret}'\nLMCACHE_EXTRA='{secret}' vllm serve m --x '{secret}' --otlp-traces-endpoint '{secret}'\n"
            ),
        ),
        (Kind::ProcCmdline, format!("vllm\0serve\0m\0--api-key\0{secret}\0")),
        (
            Kind::ProcEnviron,
            format!("A={secret}\0LMCACHE_REMOTE_URL={secret}\0{secret}=1\0PATH=/\0"),
        ),
        (
            Kind::EnvText,
            format!("A={secret}\nLMCACHE_X={secret}\nOTEL_EXPORTER_OTLP_ENDPOINT={secret}\n"),
        ),
        (Kind::EnvJson, format!(r#"{{"A":{s},"LMCACHE_REMOTE_URL":{s}}}"#)),
        (Kind::Ps, format!("PID CMD\n1 vllm serve m --x {secret}\n")),
        (
            Kind::LmcacheConfig,
            format!(
                "remote_url: {s}\nextra_config:\n  k: {s}\n  nested:\n    - {s}\nunknown: {s}\n"
            ),
        ),
        (Kind::KvTransferConfig, transfer.clone()),
        (
            Kind::VllmServerInfo,
            format!(
                r#"{{"vllm_config":{{"model_config":{{"model":{s}}},"kv_transfer_config":{transfer}}},"vllm_env":{{"LMCACHE_X":{s}}},"system_env":{{"pip_packages":{s}}}}}"#
            ),
        ),
        (
            Kind::SglangServerInfo,
            format!(r#"{{"model_path":{s},"tp_size":1,"api_key":{s},"kv_events_config":{s}}}"#),
        ),
        (
            Kind::Kubernetes,
            format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":{s}}},"spec":{{"containers":[{{"name":{s},"image":{s},"command":["vllm","serve",{s}],"env":[{{"name":"LMCACHE_REMOTE_URL","value":{s}}},{{"name":"X","value":{s}}}]}}]}}}}"#
            ),
        ),
        (
            Kind::HelmValues,
            format!(
                "vllmConfig:\n  extraArgs: [\"--x\", {s}]\nmodelURL: {s}\nenv:\n  - name: LMCACHE_X\n    value: {s}\n"
            ),
        ),
        (
            Kind::DockerInspect,
            format!(
                r#"[{{"Name":{s},"Config":{{"Image":{s},"Env":["LMCACHE_X={secret}"],"Cmd":["vllm","serve",{s}]}},"HostConfig":{{}}}}]"#
            ),
        ),
        (
            Kind::Compose,
            format!(
                "services:\n  a:\n    image: {s}\n    command: [vllm, serve, {s}]\n    environment:\n      LMCACHE_X: {s}\n"
            ),
        ),
        (
            Kind::EventsText,
            format!(
                "LAST SEEN   TYPE      REASON    OBJECT        MESSAGE\n2m          Warning   Evicted   pod/vllm-0    x {secret} y\n"
            ),
        ),
        (
            Kind::EventsJson,
            format!(
                r#"{{"kind":"Event","type":"W","reason":"R","message":{s},"involvedObject":{{"kind":"Pod","name":{s}}}}}"#
            ),
        ),
        (
            Kind::Describe,
            format!(
                "Name: p\nContainers:\n  c:\n    Image: vllm/vllm-openai:v1\n    Args:\n      --x\n      {secret}\n    Environment:\n      LMCACHE_X:  {secret}\nEvents:\n  Warning  R  1m  kubelet  {secret}\n"
            ),
        ),
        (
            Kind::KernelLog,
            format!("[1.000000] Out of memory: Killed process 1 ({secret}) {secret}\n"),
        ),
        (
            Kind::PrometheusTargets,
            format!(
                r#"{{"data":{{"activeTargets":[{{"scrapeUrl":{s},"health":"down","lastError":{s}}}]}}}}"#
            ),
        ),
        (
            Kind::PrometheusConfig,
            format!(
                "scrape_configs:\n  - job_name: {s}\n    bearer_token: {s}\n    basic_auth: {{password: {s}}}\n    static_configs:\n      - targets: [{s}]\n"
            ),
        ),
        (
            Kind::PrometheusLog,
            format!("time=1 level=WARN scrape_pool=p target={s} msg=\"Scrape failed\" err={s}\n"),
        ),
        (
            Kind::Dashboard,
            format!(
                r#"{{"panels":[{{"title":{s},"expr":{}}}]}}"#,
                q(&format!("up{{a=\"{secret}\"}}"))
            ),
        ),
        (
            Kind::Requests,
            format!(
                "{{\"request_id\":{s},\"prompt\":{s},\"system_prompt_head\":{s},\"cache_salt\":{s},\"prompt_tokens\":5,\"ttft\":1,\"phase\":{s}}}\n"
            ),
        ),
        (
            Kind::Workload,
            format!(
                r#"{{"tool":{s},"dataset":{s},"requests":1,"x":{s},"runs":[{{"engine":{s}}}]}}"#
            ),
        ),
        (Kind::ProbeIndex, format!(r#"[{{"endpoint":{s},"status":null,"error":{s}}}]"#)),
        (
            Kind::EngineAnswer,
            format!(r#"{{"object":"list","data":[{{"id":{s},"root":{s},"object":"model"}}]}}"#),
        ),
        (
            Kind::Boundary,
            format!(
                "{{\"stage\":{s},\"event\":\"e\",\"request_id\":{s},\"num_tokens\":1,\"x\":{s}}}\n"
            ),
        ),
        (Kind::Packages, format!("a==1.0+{secret}\nb @ https://u:{secret}@h/b\n")),
        (Kind::Sockets, format!("LISTEN 0 1 127.0.0.1:1 0.0.0.0:* users:((\"{secret}\",pid=1))\n")),
    ]
}

#[test]
fn planted_secrets_do_not_leave() {
    let reader = common::reader();
    let mut leaks = Vec::new();
    for secret in SECRETS {
        for (kind, text) in plant(secret) {
            let Ok(evidence) = reader.read(kind, None, text.as_bytes()) else { continue };
            let out = serde_json::to_string(&evidence).unwrap();
            if out.contains(needle(secret)) {
                let at = out.find(needle(secret)).unwrap_or(0);
                leaks.push(format!(
                    "{kind}: {}",
                    &out[at.saturating_sub(80)..(at + 60).min(out.len())]
                ));
            }
        }
    }
    assert!(leaks.is_empty(), "{}\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn prompts_heads_salts_and_ids_do_not_leave() {
    let lines = "{\"request_id\":\"r\",\"prompt\":\"tell me about whales\",\"system_prompt_head\":\"You are a whale\",\"cache_salt\":\"tenant-blue-whale\",\"prompt_tokens\":5,\"ttft\":1,\"token_ids\":[918273,918274]}\n";
    let out = common::reader().read(Kind::Requests, None, lines.as_bytes()).unwrap();
    let out = serde_json::to_string(&out).unwrap();
    for word in ["whale", "918273"] {
        assert!(!out.contains(word), "{out}");
    }
    let secretly = r#"{"argv":["vllm","serve","m","--password","hunter22x","--new-token=abc123def"],"env":{"MY_PASSWORD":"hunter22x","LMCACHE_REMOTE_PASSWORD":"hunter22x"}}"#;
    let out = common::reader().read(Kind::Command, None, secretly.as_bytes()).unwrap();
    let out = serde_json::to_string(&out).unwrap();
    assert!(!out.contains("hunter22x"), "{out}");
}

#[test]
fn places_stay_unless_everything_has_to_go() {
    let text = br#"{"argv":["lmcache","server","--host","10.20.30.40"],"env":{"LMCACHE_REMOTE_URL":"redis://cache-7.corp.example:6379"}}"#;
    let redactor =
        evidence_redact::Redactor::new(evidence_redact::Salt::new(*b"a salt for tests")).unwrap();
    for (privacy, stays) in
        [(lmcache_launch::Privacy::Secrets, true), (lmcache_launch::Privacy::Everything, false)]
    {
        let reader = lmcache_launch::Reader::with_privacy(redactor.clone(), privacy);
        let out = serde_json::to_string(&reader.read(Kind::Command, None, text).unwrap()).unwrap();
        assert_eq!(out.contains("10.20.30.40"), stays, "{out}");
        assert_eq!(out.contains("cache-7.corp.example"), stays, "{out}");
    }
}
