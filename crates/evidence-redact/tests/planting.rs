//! Plants every sort of sensitive value in every kind of text and looks for it afterwards.

mod common;

use common::{Plant, TEXTS, by_name, by_shape, places, redactor, run};
use evidence_redact::{Class, Kind};

fn leaks(plants: &[Plant]) -> Vec<String> {
    let redactor = redactor();
    let mut leaks = Vec::new();
    for plant in plants {
        for kind in TEXTS {
            for text in places(kind, plant.key, &plant.value) {
                let clean = redactor.redact(kind, text.as_bytes());
                let shown = String::from_utf8_lossy(clean.bytes());
                if plant.needles.iter().any(|needle| shown.contains(needle.as_str())) {
                    leaks.push(format!("{kind:?}\n  in  {text:?}\n  out {shown:?}"));
                }
                let again = redactor.redact(kind, clean.bytes());
                if !again.is_unchanged() {
                    leaks.push(format!("{kind:?} changes twice: {text:?} {shown:?}"));
                }
            }
        }
    }
    leaks
}

#[test]
fn values_known_by_their_shape_leave_no_trace() {
    let leaks = leaks(&by_shape());
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn values_known_by_their_name_leave_no_trace() {
    let leaks = leaks(&by_name());
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn every_place_really_holds_the_planted_value() {
    // Without this a place that drops its value would pass every search.
    for kind in TEXTS {
        for text in places(kind, "note", "needle7") {
            assert!(text.contains("needle7"), "{kind:?} {text}");
        }
        assert!(places(kind, "note", "needle7").len() > 1, "{kind:?}");
    }
}

/// Token ids are lists, which the common places cannot hold.
#[test]
fn token_ids_go_and_say_how_many_they_were() {
    let ids = "[151644, 872, 198, 151645]";
    for (kind, text) in [
        (Kind::Json, format!("{{\"prompt_token_ids\": {ids}, \"n\": 3}}")),
        (Kind::Json, format!("{{\"prompt\": {ids}}}")),
        (Kind::Json, "{\"input_ids\": [[151644,872],[198, 151645]]}".to_owned()),
        (Kind::Json, "{\"m\": \"{\\\"token_ids\\\": [151644,872,198,151645]}\"}".to_owned()),
        (Kind::JsonLines, format!("{{\"tokens\": {ids}}}\n{{\"tokens\": 1024}}\n")),
        (Kind::Text, format!("INFO prompt_token_ids: {ids}, lora_request: None.")),
        (Kind::Text, format!("GenerateReqInput(rid='a', input_ids={ids}, stream=False)")),
        (Kind::Text, format!("\u{1b}[32mINFO\u{1b}[0m token_ids=tensor({ids})")),
        (Kind::Env, format!("TOKEN_IDS={ids}\n")),
        (Kind::Config, format!("token_ids: {ids}\n")),
        (Kind::Prometheus, "x{token_ids=\"151644, 872, 198, 151645\"} 1\n".to_owned()),
    ] {
        let out = run(kind, &text);
        assert!(!out.contains("151645"), "{kind:?} {out}");
        assert!(out.contains("-of-4"), "{kind:?} {out}");
    }
    let block = run(Kind::Config, "token_ids:\n- 151644\n- 872\nn: 5\n");
    assert!(!block.contains("151644") && block.contains("n: 5"), "{block}");
}

/// Prompts in the shapes that servers and clients really use.
#[test]
fn prompts_and_completions_go_in_requests_and_logs() {
    for (kind, text) in [
        (Kind::Json, r#"{"model":"m","messages":[{"role":"user","content":"Zanzibar?"}]}"#),
        (
            Kind::Json,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Zanzibar?"}]}]}"#,
        ),
        (Kind::Json, r#"{"choices":[{"index":0,"text":"Zanzibar!","finish_reason":"stop"}]}"#),
        (
            Kind::Json,
            r#"{"choices":[{"message":{"role":"assistant","content":"Zanzibar!","reasoning_content":"Zanzibar"}}]}"#,
        ),
        (Kind::Json, r#"{"prompt":["a Zanzibar","b Zanzibar"],"max_tokens":8}"#),
        (Kind::Json, r#"{"inputs":"Zanzibar","parameters":{"n":1}}"#),
        (Kind::Json, r#"{"conversations":[{"from":"human","value":"Zanzibar"}]}"#),
        (Kind::Json, r#"{"text":"Zanzibar","sampling_params":{"n":1}}"#),
        (Kind::JsonLines, "{\"n\":1}\n{\"prompt\":\"Zanzibar\"}\n{\"prompt\":\"Zanzi"),
        (Kind::Text, "INFO Received request cmpl-1: prompt: 'Zanzibar it\\'s', params: X(n=1)"),
        (Kind::Text, "INFO Generated response cmpl-1: output: 'Zanzibar', output_token_ids: None"),
        (Kind::Text, "Receive: obj=GenerateReqInput(rid='1', text='Zanzibar', input_ids=None)"),
        (Kind::Text, "Finish: out={'text': \"Zanzibar's\", 'meta_info': {'id': '1'}}"),
        (Kind::Text, "data: {\"choices\":[{\"delta\":{\"content\":\"Zanzibar\"}}]}"),
        (
            Kind::Text,
            "body={\\\"messages\\\":[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"Zanzibar\\\"}]}",
        ),
    ] {
        let out = run(kind, text);
        assert!(!out.contains("Zanzi"), "{kind:?} {out}");
        assert!(out.contains("redacted-prompt-"), "{kind:?} {out}");
    }
}

#[test]
fn whole_documents_of_the_kinds_that_hold_credentials() {
    let block = by_shape().into_iter().find(|p| p.value.contains("RSA PRIVATE")).unwrap().value;
    let account = serde_json::json!({
        "type": "service_account",
        "project_id": "acme-kv-prod",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": block,
        "client_email": "kv@acme-kv-prod.iam.gserviceaccount.com",
        "client_id": "123456789012345678901",
    });
    let out = run(Kind::Json, &serde_json::to_string_pretty(&account).unwrap());
    for needle in ["acme-kv", "0123456789abcdef01234567", "BEGIN", "12345678901234567890"] {
        assert!(!out.contains(needle), "{needle} in {out}");
    }
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  nodeName: gpu7\n  containers:\n  - name: vllm\n    \
               env:\n    - name: HF_TOKEN\n      value: plainword\n    - name: SEED\n      value: \"0\"\n";
    let out = run(Kind::Config, pod);
    assert!(!out.contains("plainword") && !out.contains("gpu7"), "{out}");
    assert!(out.contains("value: \"0\"") && out.contains("- name: vllm"), "{out}");
    let secret = "apiVersion: v1\ndata:\n  token: cGxhaW53b3Jk\n  user: YWxpY2U=\nkind: Secret\n\
                  metadata:\n  name: kv\n---\nkind: ConfigMap\ndata:\n  chunk: \"256\"\n";
    let out = run(Kind::Config, secret);
    assert!(!out.contains("cGxhaW53b3Jk") && !out.contains("YWxpY2U"), "{out}");
    assert!(out.contains("chunk: \"256\"") && out.contains("name: kv"), "{out}");
    let lmcache = "remote_url: \"redis://:plainword@cache-a:6379\"\nextra_config:\n  \
                   s3_secret_key: plainword2\n  save_unfull_chunk: true\nchunk_size: 256\n";
    let out = run(Kind::Config, lmcache);
    assert!(!out.contains("plainword") && !out.contains("cache-a"), "{out}");
    assert!(out.contains("redis://redacted-secret-") && out.contains(":6379"), "{out}");
    assert!(out.ends_with("  save_unfull_chunk: true\nchunk_size: 256\n"), "{out}");
}

#[test]
fn the_same_value_is_the_same_word_in_every_kind() {
    let redactor = redactor();
    let expected = redactor.placeholder(Class::Address, "10.20.30.40");
    for kind in TEXTS {
        for text in places(kind, "note", "10.20.30.40") {
            let clean = redactor.redact(kind, text.as_bytes());
            let shown = String::from_utf8_lossy(clean.bytes()).into_owned();
            let secret = text.contains("kind: Secret") || text.contains("\"kind\": \"Secret\"");
            assert!(secret || shown.contains(&expected), "{kind:?} {shown}");
        }
    }
}

/// Chunk hashes as Python writes bytes, alone, in objects and in lists, are the word of their hexadecimal digits.
#[test]
fn hashes_as_bytes_of_python() {
    let redactor = redactor();
    let word = redactor.placeholder(Class::Hash, "4d1fd72d92d66695070b9f1fe80b5ff7");
    let body = r"M\x1f\xd7-\x92\xd6f\x95\x07\x0b\x9f\x1f\xe8\x0b_\xf7";
    for (before, after) in [
        ("keys: [ObjectKey(chunk_hash=b'", "', model_name='m')]"),
        ("lost [b'", "', b'x']"),
        ("block b'", "' is gone"),
    ] {
        let line = format!("{before}{body}{after}");
        let clean = redactor.redact(Kind::Text, line.as_bytes());
        let shown = String::from_utf8_lossy(clean.bytes()).into_owned();
        assert_eq!(shown, format!("{before}{word}{after}"));
        let json = serde_json::json!({ "example": line }).to_string();
        let clean = redactor.redact(Kind::Json, json.as_bytes());
        let shown = String::from_utf8_lossy(clean.bytes()).into_owned();
        assert!(shown.contains(&word) && !shown.contains("xd7"), "{shown}");
    }
}

#[test]
fn what_one_file_names_is_found_in_the_others() {
    let mut redactor = redactor();
    let env = "HOSTNAME=zanzibox7\nREDIS_PASSWORD=h0rse-battery\n";
    redactor.learn(Kind::Env, env.as_bytes());
    let log = "INFO worker zanzibox7 dialled with h0rse-battery; zanzibox70 did not";
    let clean = redactor.redact(Kind::Text, log.as_bytes());
    let shown = String::from_utf8_lossy(clean.bytes());
    let host = redactor.placeholder(Class::Host, "zanzibox7");
    let secret = redactor.placeholder(Class::Secret, "h0rse-battery");
    assert_eq!(shown, format!("INFO worker {host} dialled with {secret}; zanzibox70 did not"));
}

#[test]
fn files_that_cannot_be_rewritten_are_searched() {
    let redactor = redactor();
    for plant in by_shape().iter().filter(|p| !p.value.contains('\n')) {
        let length = u8::try_from(plant.value.len()).unwrap_or(255);
        let mut bytes = vec![0x81, 0xa4];
        bytes.extend_from_slice(b"note");
        bytes.extend_from_slice(&[0xd9, length]);
        bytes.extend_from_slice(plant.value.as_bytes());
        bytes.push(0xc0);
        assert!(!redactor.scan(&bytes).is_empty(), "{:?}", plant.value);
    }
    assert!(redactor.scan(b"\x81\xa4note\xa5plain\xc0").is_empty());
}
