//! Names and what follows them, in the spellings of logs and configurations.

use super::*;

fn found(text: &str) -> Vec<String> {
    run(text, Scope::TEXT)
}

fn run(text: &str, scope: Scope) -> Vec<String> {
    let patterns = Patterns::new().unwrap();
    let mut spans = Spans::default();
    find(&patterns, &Policy::default(), scope, text.as_bytes(), &mut spans);
    spans.merged().iter().map(|s| text[s.start..s.end].to_owned()).collect()
}

#[test]
fn credentials_in_every_quoting() {
    for text in [
        "password=hunter2",
        "password: hunter2",
        "\"password\": \"hunter2\"",
        "'password': 'hunter2'",
        r#"{\"password\": \"hunter2\"}"#,
        "--password hunter2",
        "--password=hunter2",
        "'--password', 'hunter2'",
        "(b'x-api-key', b'hunter2')",
        "headers[\"api-key\"] = \"hunter2\"",
        "f(password='hunter2', port=1)",
        "?password=hunter2&x=1",
        "AccountKey=hunter2;EndpointSuffix=x",
        "api_key => hunter2,",
        "(password=hunter2)",
        "password=hunter2, host=x",
        r#"\\\"password\\\": \\\"hunter2\\\""#,
    ] {
        assert_eq!(found(text), ["hunter2"], "{text}");
    }
    assert_eq!(found("password=p,a;s&x"), ["p,a;s"]);
    assert_eq!(found(r#"password="a\"b c" x"#), [r#"a\"b c"#]);
    assert_eq!(found("Authorization: Bearer a b"), ["Bearer a b"]);
    assert_eq!(found("-H 'Cookie: a=1; b=2' x"), ["a=1; b=2"]);
}

#[test]
fn configuration_values_end_with_their_line() {
    let scope = Scope { whole_lines: true, ..Scope::TEXT };
    assert_eq!(run("password: a b c  # why", scope), ["a b c"]);
    assert_eq!(run("prompt: who are you", scope), ["who are you"]);
}

#[test]
fn nothing_to_hide() {
    for text in [
        "hf_token=None, api_key=null",
        "token: ${HF_TOKEN}",
        "max_tokens=8 hit_tokens: 5",
        "token=5",
        "the token: must be given",
        "key: value",
        "hash_algorithm=blake3",
        "chunk_hash=0x12",
        "prompt: 12 tokens",
        "prompt=None,",
        "content-type: text/plain",
        "text: hello",
        "tokens=1024",
        "user=root",
        "host: no",
        "password=",
        "cache_salt: the tenant",
        "cache_salt=\"\" (no)",
        "x.inputs: NOTSET",
        "prompt': False, 'b': 1",
        "messages=[]",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}

#[test]
fn prompts_and_ids_in_engine_logs() {
    assert_eq!(
        found("Received request r1: prompt: 'It\\'s me', params: SamplingParams(n=1)"),
        ["It\\'s me"]
    );
    assert_eq!(found("prompt_token_ids: [1, 2, 3], x: None"), ["[1, 2, 3]"]);
    assert_eq!(found("input_ids=tensor([[1, 2],\n"), ["([[1, 2],\n"]);
    assert_eq!(found("GenerateReqInput(rid='a', text='hi there', x=1)"), ["hi there"]);
    assert_eq!(found("[{'role': 'user', 'content': \"who's there\"}]"), ["who's there"]);
    assert_eq!(found("prompt=[[1, 2], [3]]"), ["[[1, 2], [3]]"]);
    assert_eq!(
        found("messages=[{'role': 'user', 'content': ']'}], n=1"),
        ["[{'role': 'user', 'content': ']'}]"]
    );
}

#[test]
fn hashes_salts_hosts() {
    let hash = "5b316308f67bc27e";
    assert_eq!(found(&format!("chunk_hash=0x{hash} x")), [format!("0x{hash}")]);
    assert_eq!(
        found(&format!("block_hashes=['{hash}', -1234567890123]")),
        [hash, "-1234567890123"]
    );
    assert_eq!(found(r"chunk_hash=b'M\x1f\xd7-abcd', n=1"), [r"M\x1f\xd7-abcd"]);
    assert_eq!(found(r"chunk_hash=b'ab', n=1"), [""; 0]);
    assert_eq!(found("cache_salt=tenant-a, n=1"), ["tenant-a"]);
    assert_eq!(found("HOSTNAME=buildbox"), ["buildbox"]);
}
