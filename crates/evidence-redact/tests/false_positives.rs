//! What has the look of something sensitive and must stay.

mod common;

use common::{TEXTS, redactor, run};
use evidence_redact::Kind;

/// Lines and values of healthy servers, in running text.
const LINES: &[&str] = &[
    // names of metrics and settings that sound like credentials
    "lmcache_mp_lookup_hit_tokens_total lmcache_mp_l1_read_keys vllm:prompt_tokens_total",
    "max_tokens=8, bos_token_id=1, pad_token: '<pad>', tokens_per_block=[128]",
    "cache_key: CacheEngineKey, sort_key=x, keys=3, monkey: yes, keyboard=us",
    "hf_token: None, api_key=None, ssl_keyfile_password: None, admin_api_key=null",
    "tokenizer_mode=auto tokenizer='tiny-llama' skip_tokenizer_init=False",
    "secret_name: kv-secret, token_file: token, passes=2, pass=1",
    "Avg prompt throughput: 12.5 tokens/s, Avg generation throughput: 3.0 tokens/s",
    "content-type: text/plain; version=0.0.4; charset=utf-8",
    // versions and other dotted numbers
    "version 0.5.6 v0.32.0 0.5.6-g3e11e108 1.2.3.4.5 torch-2.13.0+cu130",
    "nvidia-cudnn-cu13==9.20.0.48 nvidia-cusparse>=12.6.3.3",
    "driver version 12.6.3.3, CUDA Version: 13.1.1.3",
    // numbers and times
    "2026-11-24T03:14:39.502Z 03:14:39,281 1795490079.502 1.79548963446e+09 +Inf NaN -0.0",
    "process_start_time_seconds 1.79549007961e+09 in 0.02 s (12.5 GB/s) 75.28it/s",
    "0x7f8342bfc610 0x01000100 pid=8946 id 368414921562717639 incarnation 1795490109769336733",
    "slice [1::2] [::2] std::vec::Vec a::b 16:9 3/4 and/or N/A",
    // digests and ids that are no chunk hashes
    r"Computed NONE_HASH=b'~>\xff\x9e\xf7a:P4\x0e\xb1&w\xee\x03\xb8:\xc7Y\xfc\xba\x9b' using blake3",
    r"magic b'\x89PNG\r\n\x1a\n', data b'', reply b'ok'",
    "sha256:f52c34a4ef6876583ba8d00d4bc3ae488bdd98eaea842ca762be37fa7731a068",
    "f52c34a4ef6876583ba8d00d4bc3ae488bdd98eaea842ca762be37fa7731a068  server.log",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709, md5 d41d8cd98f00b204e9800998ecf8427e",
    "engine_id: f88cd01a-f0c6-49ee-bb3c-18346c37cfc6, cmpl-ig-0001-0-8d88e08b",
    "traceId 4659c4a11902dee2b94665a51e926326 SessionManager-cleanup-thread-7f111f9b25d0",
    "hash_algorithm=blake3 prefix_caching_hash_algo: sha256, PYTHONHASHSEED=0, hash seed 0",
    // places
    "http://127.0.0.1:19131 tcp://localhost:5555 [::1]:80 0.0.0.0:8000 tcp://*:5555 ::",
    "https://docs.lmcache.ai/recipes https://github.com/LMCache/LMCache/issues/1",
    "\"GET /healthcheck HTTP/1.1\" 200 OK, \"POST /v1/chat/completions HTTP/1.1\" 200",
    "Route: /inference/v1/generate, Methods: POST",
    "File \"/site-packages/vllm/triton_utils/dispatcher.py\", line 138, in f",
    "/python/lib/python3.11/asyncio/runners.py:118 /usr/lib/x.so /dev/shm/lmcache_1 /proc/meminfo",
    "server.py:495:lmcache.v1.multiprocess.server lmcache.v1.platform._device_detect",
    "threading.local google.protobuf.internal torch.nn.functional os.path.join(a)",
    "tmp/mp-main.lct lookup l2/test-model ./sgl/sglang/x.py home/.cache/vllm",
    // prose
    "the bearer token expired; basic authentication required; password must not be empty",
    "Set the environment variable HF_TOKEN to authenticate",
    "user=root role='worker' prompt: 1024 tokens messages=[]",
    "cache_salt=\"\" salt _default cache_salt=_default",
];

#[test]
fn running_text_stays() {
    for line in LINES {
        assert_eq!(run(Kind::Text, line), *line);
        let coloured = format!("\u{1b}[32;20m[2026-11-24 03:07:11,149] INFO:\u{1b}[0m {line}");
        assert_eq!(run(Kind::Text, &coloured), coloured);
    }
}

#[test]
fn the_same_text_stays_in_json() {
    for line in LINES {
        let text = serde_json::json!({"message": line, "n": [line]}).to_string();
        assert_eq!(run(Kind::Json, &text), text);
        assert_eq!(run(Kind::JsonLines, &text), text);
    }
}

#[test]
fn pages_stay_byte_for_byte() {
    let page = "# HELP vllm:lmcache_mp_lookup_duration_seconds LMCache MP lookup latency (s).\n\
        # TYPE vllm:lmcache_mp_lookup_duration_seconds histogram\n\
        vllm:lmcache_mp_lookup_duration_seconds_bucket{engine=\"0\",le=\"0.005\",model_name=\"tiny\"} 3.0\n\
        python_info{implementation=\"CPython\",major=\"3\",version=\"3.11.7\"} 1.0\n\
        driver_info{version=\"12.6.3.3\",cuda_version=\"13.1.1.3\"} 1\n\
        process_start_time_seconds 1.79548963446e+09\n\
        lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"test-model\"} 36352.0\n\
        vllm:cache_config_info{block_size=\"128\",cache_dtype=\"auto\",prefix_caching_hash_algo=\"sha256\"} 1.0\n\
        x_bucket{le=\"+Inf\"} 7.7411352576e+010\n\
        http_requests_total{handler=\"/v1/completions\",method=\"POST\",status=\"2xx\"} 9\n";
    assert_eq!(run(Kind::Prometheus, page), page);
    let crlf = page.replace('\n', "\r\n");
    assert_eq!(run(Kind::Prometheus, &crlf), crlf);
}

#[test]
fn answers_of_servers_stay_byte_for_byte() {
    for text in [
        "\"0.5.6\"",
        "{\"port\": 18140, \"host\": \"localhost\", \"pd_allocation_timeout_sec\": Infinity}",
        "{\"hf_token\": null, \"api_key\": \"\", \"tokenizer\": \"tiny-llama\", \"max_tokens\": 8}",
        "{\"usage\": {\"prompt_tokens\": 1576, \"completion_tokens\": 8}, \"pass\": 0}",
        "{\"tokens\": 1024, \"chunk_hashes\": [], \"prompt\": null, \"token_ids\": []}",
        "{\"sizes\": [1, 2, 4, 8], \"shapes\": [[2, 4, 256, 32]], \"sha256\": \"f52c34a4ef6876583ba8d00d4bc3ae488bdd98eaea842ca762be37fa7731a068\"}",
        "{\"traceId\":\"4659c4a11902dee2b94665a51e926326\",\"attributes\":[{\"key\":\"num_tokens\",\"value\":{\"intValue\":\"512\"}}]}",
        "{\"argv\": [\"vllm\", \"serve\", \"--host\", \"127.0.0.1\", \"--seed\", \"0\", \"--tokenizer\", \"x\"]}",
        // an interface description speaks about fields and has no values
        "{\"openapi\": \"3.1.0\", \"paths\": {\"/team/{name}/items\": {\"get\": {}}}, \"components\": {\"schemas\": {\"Q\": {\"properties\": {\"token\": {\"type\": \"string\", \"title\": \"Token\"}, \"prompt\": {\"type\": \"string\", \"default\": \"x\"}}, \"required\": [\"token\", \"prompt\"]}}}}",
    ] {
        assert_eq!(run(Kind::Json, text), text);
    }
}

#[test]
fn settings_stay_byte_for_byte() {
    let yaml = "chunk_size: 256  # tokens\nlocal_cpu: true\nremote_url: null\nremote_serde: naive\n\
        extra_config:\n  pd_buffer_device: cpu\n  lookup_timeout_ms: 3000\nlmcache_instance_id: ig-emb\n";
    assert_eq!(run(Kind::Config, yaml), yaml);
    let env = "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nHF_HUB_OFFLINE=1\nVLLM_HOST_IP=127.0.0.1\n\
        PYTHONHASHSEED=0\nLMCACHE_CHUNK_SIZE=256\nHF_TOKEN=\nTMPDIR=./tmp\n";
    assert_eq!(run(Kind::Env, env), env);
    let argv = "vllm\0serve\0tiny\0--max-model-len\x004096\0--tokenizer\0tiny\0--port\08000\0";
    assert_eq!(run(Kind::Argv, argv), argv);
}

#[test]
fn what_is_not_text_is_not_touched() {
    let bytes = b"\x00\x00\x05\xdc\x89password=hunter2";
    assert_eq!(redactor().redact(Kind::Binary, bytes).bytes(), bytes);
}

#[test]
fn empty_files_stay_empty() {
    for kind in TEXTS {
        assert!(redactor().redact(kind, b"").is_unchanged());
    }
}
