//! Command lines, environments and configuration in all their shapes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::any;
use lmcache_launch::{ConnectorMode, EnvState, How, Kind, Product, Releases, Source};
use serde_json::json;

const TRANSFER: &str = r#"{"kv_connector":"LMCacheMPConnector","kv_role":"kv_both","kv_connector_extra_config":{"lmcache.mp.host":"tcp://cache","lmcache.mp.port":6555}}"#;

#[test]
fn one_launch_in_many_shapes() {
    let quoted = serde_json::Value::from(TRANSFER).to_string();
    let nul = format!(
        "/usr/bin/python3\0/opt/bin/vllm\0serve\0org/m\0-tp\02\0--kv-transfer-config\0{TRANSFER}\0"
    );
    let shapes: Vec<(Kind, &str, String)> = vec![
        (
            Kind::Command,
            "command.json",
            format!(
                r#"{{"argv":["vllm","serve","org/m","--tensor-parallel-size=2","--kv-transfer-config",{quoted}],"env":{{"PYTHONHASHSEED":"0"}}}}"#
            ),
        ),
        (
            Kind::Shell,
            "run.sh",
            format!(
                "#!/bin/bash\nexport PYTHONHASHSEED=0\nnohup vllm serve org/m \\\n  -tp 2 \\\n  --kv-transfer-config '{TRANSFER}' > log 2>&1 &\n"
            ),
        ),
        (
            Kind::Shell,
            "docker.txt",
            format!(
                "docker run --gpus all -e PYTHONHASHSEED=0 --ipc host vllm/vllm-openai:v0.11.0 --model org/m --tensor_parallel_size 2 --kv-transfer-config '{TRANSFER}'\n"
            ),
        ),
        (Kind::ProcCmdline, "proc/77/cmdline", nul),
        (
            Kind::Ps,
            "ps.txt",
            format!(
                "USER PID %CPU COMMAND\nroot 77 1.0 /usr/bin/python3 /opt/bin/vllm serve org/m -tp 2 --kv-transfer-config {TRANSFER}\nroot 78 0 grep vllm serve\n"
            ),
        ),
        (
            Kind::Kubernetes,
            "deploy.yaml",
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: vllm\nspec:\n  template:\n    spec:\n      hostIPC: true\n      containers:\n        - name: engine\n          image: vllm/vllm-openai:v0.11.0\n          command: [\"/bin/sh\", \"-c\"]\n          args:\n            - |\n              exec vllm serve org/m -tp 2 --kv-transfer-config '{TRANSFER}'\n          env:\n            - name: PYTHONHASHSEED\n              value: \"0\"\n"
            ),
        ),
        (
            Kind::DockerInspect,
            "inspect.json",
            format!(
                r#"[{{"Name":"/e","Config":{{"Image":"x/y","Env":["PYTHONHASHSEED=0","PATH=/bin"],"Entrypoint":["vllm","serve"],"Cmd":["org/m","-tp","2","--kv-transfer-config",{quoted}]}},"HostConfig":{{"IpcMode":"host","ShmSize":67108864}},"State":{{"OOMKilled":true,"ExitCode":137}}}}]"#
            ),
        ),
        (
            Kind::Compose,
            "compose.yaml",
            format!(
                "services:\n  engine:\n    image: vllm/vllm-openai:v0.11.0\n    command: >-\n      --model org/m --tensor-parallel-size 2 --kv-transfer-config '{TRANSFER}'\n    environment:\n      - PYTHONHASHSEED=0\n    ipc: host\n"
            ),
        ),
    ];
    for (kind, name, text) in shapes {
        let evidence = any(kind, name, &text);
        let engines: Vec<_> = evidence.launch.of(Product::Vllm).collect();
        assert_eq!(engines.len(), 1, "{name}: {:?}", evidence.launch.processes);
        let value = |n: &str| engines[0].setting(n).map(|s| s.value.clone());
        assert_eq!(value("tensor_parallel"), Some(json!(2)), "{name}");
        assert_eq!(value("model"), Some(json!("org/m")), "{name}");
        assert_eq!(value("connector"), Some(json!("LMCacheMPConnector")), "{name}");
        assert_eq!(value("kv_role"), Some(json!("kv_both")), "{name}");
        assert_eq!(value("mp_host"), Some(json!("tcp://cache")), "{name}");
        assert_eq!(value("mp_port"), Some(json!(6555)), "{name}");
        assert_eq!(engines[0].lmcache_connector().unwrap().mode, ConnectorMode::Mp, "{name}");
        match kind {
            Kind::ProcCmdline | Kind::Ps => {
                assert_eq!(engines[0].pid, Some(77), "{name}");
                assert_eq!(evidence.env("PYTHONHASHSEED"), EnvState::Unknown, "{name}");
            }
            _ => {
                let state = EnvState::Present(Some("0".into()));
                assert_eq!(evidence.env("PYTHONHASHSEED"), state, "{name}");
                assert_eq!(value("hash_seed"), Some(json!(0)), "{name}");
            }
        }
    }
}

#[test]
fn absence_has_grades() {
    let declared = any(Kind::Command, "c.json", r#"{"argv":["vllm","serve","m"],"env":{"A":"b"}}"#);
    assert_eq!(declared.env("PYTHONHASHSEED"), EnvState::Absent(How::Inferred));
    assert_eq!(declared.env("A"), EnvState::Present(None));
    let unknown = any(Kind::Command, "c.json", r#"{"argv":["vllm","serve","m"]}"#);
    assert_eq!(unknown.env("PYTHONHASHSEED"), EnvState::Unknown);
    assert!(unknown.setting("hash_seed").is_none());
    let told = r#"{"argv":["vllm","serve","m"],"env":{},"env_complete":true}"#;
    let told = any(Kind::Command, "c.json", told);
    assert_eq!(told.env("PYTHONHASHSEED"), EnvState::Absent(How::Measured));
    let text = "PATH=/bin\0HOME=/x\0LMCACHE_CHUNK_SIZE=512\0SECRET_THING=abc\0";
    let all = any(Kind::ProcEnviron, "environ", text);
    assert_eq!(all.env("PYTHONHASHSEED"), EnvState::Absent(How::Measured));
    assert_eq!(all.env("SECRET_THING"), EnvState::Present(None));
    assert_eq!(all.setting("chunk_size").unwrap().as_u64(), Some(512));
    let from = r#"{"containers":[{"name":"e","args":["vllm","serve","m"],"envFrom":[{"secretRef":{"name":"s"}}]}]}"#;
    assert_eq!(any(Kind::Kubernetes, "p.json", from).env("PYTHONHASHSEED"), EnvState::Unknown);
}

#[test]
fn configuration_goes_into_one_vocabulary() {
    let yaml = "# comment\nchunk_size: 256\nlocal_cpu: True\nmax_local_cpu_size: 20\nremote_url: \"lm://h:65432\"\nenable_pd: true\nnixl_role: receiver\nnixl_buffer_size: 1073741824\nno_such_key: 1\nextra_config:\n  lmcache.mp.mq_timeout: 5\n";
    let evidence = any(Kind::LmcacheConfig, "lmcache.yaml", yaml);
    let get = |n: &str| evidence.setting(n).unwrap_or_else(|| panic!("{n}"));
    assert_eq!(get("chunk_size").place.line, Some(2));
    assert_eq!(get("chunk_size").source, Source::Config);
    assert_eq!(get("max_local_cpu_size_gb").as_f64(), Some(20.0));
    assert_eq!(get("local_cpu").as_bool(), Some(true));
    assert_eq!(get("pd.role").as_str(), Some("receiver"));
    assert_eq!(get("pd.buffer_size_bytes").as_u64(), Some(1 << 30));
    assert_eq!(get("mp_mq_timeout").as_u64(), Some(5));
    assert_eq!(evidence.launch.configs[0].unknown_keys, ["no_such_key"]);
}

#[test]
fn defaults_are_added_only_for_a_release_and_marked() {
    let text = r#"{"argv":["lmcache","server","--l1-size-gb","0.25","--l2-adapter","{\"type\":\"fs\"}","--l2-adapter","{\"type\":\"s3\"}","--disable-metrics","--no-l1-use-lazy"]}"#;
    let mut evidence = any(Kind::Command, "c.json", text);
    assert!(evidence.setting("chunk_size").is_none());
    assert_eq!(evidence.setting("l1_size_bytes").unwrap().as_u64(), Some(268_435_456));
    assert_eq!(
        evidence.setting("l2_adapters").unwrap().value,
        json!([{"type":"fs"},{"type":"s3"}])
    );
    assert_eq!(evidence.setting("observability.metrics").unwrap().as_bool(), Some(false));
    assert_eq!(evidence.setting("l1_use_lazy").unwrap().as_bool(), Some(false));
    let releases = Releases { lmcache: Some("0.5.6".into()), ..Releases::default() };
    evidence.launch.apply_defaults(&releases);
    let chunk = evidence.setting("chunk_size").unwrap();
    assert_eq!(
        (chunk.as_u64(), chunk.source, chunk.how),
        (Some(256), Source::Default, How::Inferred)
    );
    assert_eq!(evidence.setting("http_host").unwrap().as_str(), Some("127.0.0.1"));
    assert_eq!(evidence.setting("eviction_watermark").unwrap().as_f64(), Some(0.8));
    assert_eq!(evidence.setting("observability.metrics").unwrap().source, Source::Flag);
}

#[test]
fn flags_and_connectors_of_special_forms() {
    let dotted = r#"{"argv":["vllm","serve","m","--kv-transfer-config.kv_connector","NixlConnector","--kv-transfer-config.kv_role","kv_producer","--some-new-flag","x","--enable-novelty","--kv_cache_dtype","fp8"]}"#;
    let evidence = any(Kind::Command, "c.json", dotted);
    assert_eq!(evidence.setting("connector").unwrap().as_str(), Some("NixlConnector"));
    assert_eq!(evidence.setting("vllm.some_new_flag").unwrap().as_str(), Some("x"));
    assert_eq!(evidence.setting("vllm.enable_novelty").unwrap().as_bool(), Some(true));
    assert_eq!(evidence.setting("kv_cache_dtype").unwrap().as_str(), Some("fp8"));
    let mangled = r#"{"argv":["vllm","serve","m","--kv-transfer-config","{kv_connector:LMCacheConnectorV1,kv_role:kv_both}"]}"#;
    let evidence = any(Kind::Command, "c.json", mangled);
    assert_eq!(evidence.setting("connector").unwrap().how, How::Inferred);
    assert_eq!(evidence.issues.len(), 1);
    let multi = r#"{"argv":["vllm","serve","m","--kv-transfer-config","{\"kv_connector\":\"MultiConnector\",\"kv_role\":\"kv_both\",\"kv_connector_extra_config\":{\"connectors\":[{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_both\"},{\"kv_connector\":\"LMCacheMPConnector\",\"kv_role\":\"kv_both\"}]}}"]}"#;
    let evidence = any(Kind::Command, "c.json", multi);
    let names: Vec<_> = evidence.launch.connectors().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["MultiConnector", "NixlConnector", "LMCacheMPConnector"]);
    let lmcache = evidence.launch.processes[0].lmcache_connector().unwrap();
    assert_eq!(lmcache.inside.as_deref(), Some("MultiConnector"));
    let offload = r#"{"argv":["vllm","serve","m","--kv-offloading-backend","lmcache","--kv-offloading-size","40"]}"#;
    for (release, connector) in [("0.22.1", "LMCacheConnectorV1"), ("0.32.0", "LMCacheMPConnector")]
    {
        let mut evidence = any(Kind::Command, "c.json", offload);
        assert!(evidence.setting("connector").is_none());
        let releases = Releases { vllm: Some(release.into()), ..Releases::default() };
        evidence.launch.apply_defaults(&releases);
        assert_eq!(evidence.setting("connector").unwrap().as_str(), Some(connector), "{release}");
    }
}

#[test]
fn programs_are_told() {
    let cases = [
        ("lmcache server --l1-size-gb 1", Product::LmcacheServer),
        ("python3 -m lmcache.v1.multiprocess.http_server --zmq-port 1", Product::LmcacheServer),
        ("/opt/venv/bin/lmcache coordinator --port 9300", Product::LmcacheCoordinator),
        ("lmcache_controller --host 0.0.0.0", Product::LmcacheController),
        ("python -m lmcache.v1.server 0.0.0.0 65432", Product::LmcacheLegacyServer),
        ("python -m sglang.launch_server --model-path m --enable-lmcache", Product::Sglang),
        ("python -m vllm.entrypoints.openai.api_server --model lmcache", Product::Vllm),
        ("python -m dynamo.vllm --connector lmcache", Product::DynamoVllm),
        ("vllm bench serve --model m", Product::Benchmark),
    ];
    for (line, product) in cases {
        let evidence = common::reader().read(Kind::Shell, None, line.as_bytes()).unwrap();
        assert_eq!(evidence.launch.processes[0].product, product, "{line}");
    }
    let legacy = common::reader().read(Kind::Shell, None, cases[4].0.as_bytes()).unwrap();
    assert_eq!(legacy.setting("port").unwrap().as_u64(), Some(65432));
}

#[test]
fn models_and_charts() {
    let config = r#"{"architectures":["DeepseekV3ForCausalLM"],"model_type":"deepseek_v3","kv_lora_rank":512,"num_hidden_layers":61}"#;
    let evidence = any(Kind::ModelConfig, "config.json", config);
    let facts: Vec<_> = evidence.launch.models.iter().map(|m| m.fact.as_str()).collect();
    assert!(facts.contains(&"mla") && facts.contains(&"num_hidden_layers"), "{facts:?}");
    let values = "servingEngineSpec:\n  modelSpec:\n    - name: m\n      modelURL: org/m\n      replicaCount: 2\n      vllmConfig:\n        tensorParallelSize: 4\n        extraArgs: [\"--block-size\", \"32\"]\n      lmcacheConfig:\n        enabled: true\n        cpuOffloadingBufferSize: \"20\"\n      env:\n        - name: PYTHONHASHSEED\n          value: \"0\"\n";
    let evidence = any(Kind::HelmValues, "values.yaml", values);
    assert_eq!(evidence.setting("tensor_parallel").unwrap().as_u64(), Some(4));
    assert_eq!(evidence.setting("block_size").unwrap().as_u64(), Some(32));
    assert_eq!(evidence.setting("max_local_cpu_size_gb").unwrap().as_u64(), Some(20));
    assert_eq!(evidence.env("PYTHONHASHSEED"), EnvState::Present(Some("0".into())));
}

#[test]
fn configuration_files_find_their_processes() {
    let reader = common::reader();
    let mut all = lmcache_launch::Evidence::default();
    let command = |file: &str| {
        format!(
            r#"{{"argv":["vllm","serve","m"],"env":{{"LMCACHE_CONFIG_FILE":"/config/{file}.yaml"}}}}"#
        )
    };
    for (name, text) in [
        ("decode.command.json", command("decode")),
        ("prefill.command.json", command("prefill")),
        ("decode_config.yaml", "enable_pd: true\npd_role: receiver\n".to_owned()),
        ("prefill_config.yaml", "enable_pd: true\npd_role: sender\n".to_owned()),
    ] {
        all.extend(reader.read_any(name, text.as_bytes()).unwrap().1.unwrap());
    }
    let roles: Vec<_> = all
        .launch
        .processes
        .iter()
        .map(|p| all.launch.effective(p, "pd.role").unwrap().as_str().unwrap())
        .collect();
    assert_eq!(roles, ["receiver", "sender"]);
    assert_eq!(all.launch.agree("hash_seed"), Some(true));
}

#[test]
fn environments_join_their_processes() {
    let reader = common::reader();
    let mut all = lmcache_launch::Evidence::default();
    for (name, text) in [
        ("proc/7/cmdline", "vllm\0serve\0m\0"),
        ("proc/8/cmdline", "vllm\0serve\0m\0"),
        ("proc/7/environ", "PATH=/bin\0HOME=/\0PYTHONHASHSEED=0\0"),
        ("proc/8/environ", "PATH=/bin\0HOME=/\0LMCACHE_CHUNK_SIZE=64\0"),
    ] {
        all.extend(reader.read_any(name, text.as_bytes()).unwrap().1.unwrap());
    }
    all.launch.join_environments();
    assert_eq!(all.launch.processes.len(), 2);
    let seed = |i: usize| all.launch.processes[i].setting("hash_seed").unwrap().value.clone();
    assert_eq!((seed(0), seed(1)), (json!(0), json!("absent")));
    assert_eq!(all.launch.agree("hash_seed"), Some(false));
    assert_eq!(all.env("PYTHONHASHSEED"), EnvState::Absent(How::Measured));
}

#[test]
fn units_of_systemd() {
    let text = "[Unit]\nDescription=x\n[Service]\nEnvironment=PYTHONHASHSEED=0\nExecStart=/usr/bin/vllm serve org/m \\\n  --block-size 32\n";
    let evidence = any(Kind::Shell, "vllm.service", text);
    assert_eq!(evidence.setting("block_size").unwrap().as_u64(), Some(32));
    assert_eq!(evidence.setting("hash_seed").unwrap().as_u64(), Some(0));
}
