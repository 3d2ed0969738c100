//! What the name of a field, variable, label or flag says about its value.

/// What kind of value a name announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyKind {
    /// A credential. `numeric`: a bare number is one too (passwords, not `token`).
    Secret { numeric: bool },
    /// A whole header line of credentials: scheme, token and all up to the end.
    SecretLine,
    /// A credential only where the value is long and random (`sig`, `auth`).
    SecretIfOpaque,
    /// Text of a user or a model.
    Prompt,
    /// The same, but only beside a chat role, choices or a generation request.
    PromptInContext,
    /// Token ids, if the value is a list of numbers.
    TokenIds,
    /// Chunk or block hashes.
    Hash,
    /// A tenant's salt.
    Salt,
    /// A machine's name; `strong`: also when it is one plain word.
    Host { strong: bool },
    /// A user, an account, a project.
    Identity,
    /// A file or directory.
    Path,
    /// A version number, which may look like an address.
    Version,
    /// Nothing is known.
    Plain,
}

const LONGEST_KEY: usize = 128;

/// Classifies a name in any spelling: `HF_TOKEN`, `hf-token`, `hfToken`, `x.hf_token`.
pub(crate) fn classify(key: &[u8]) -> KeyKind {
    let key = key.get(key.len().saturating_sub(LONGEST_KEY)..).unwrap_or(key);
    let words = Words::of(key);
    let last = words.back(0);
    let before = words.back(1);
    if last.is_empty() {
        return KeyKind::Plain;
    }
    match last {
        "path" | "paths" | "dir" | "dirs" | "directory" | "directories" | "file" | "files"
        | "filename" | "folder" | "home" | "cwd" | "pwd" | "oldpwd" | "tmpdir" | "workdir"
        | "location" | "locations" | "mountpoint" | "pythonpath" | "keyfile" | "certfile"
            if last != "pwd" || before.is_empty() =>
        {
            return KeyKind::Path;
        }
        "version" | "versions" | "release" => return KeyKind::Version,
        _ => {}
    }
    secret(&words, key)
        .or_else(|| content(last, before, words.back(2)))
        .or_else(|| place(last, before))
        .unwrap_or(KeyKind::Plain)
}

fn secret(words: &Words, raw: &[u8]) -> Option<KeyKind> {
    let (last, before) = (words.back(0), words.back(1));
    let sure = Some(KeyKind::Secret { numeric: true });
    match last {
        "password" | "passwd" | "pwd" | "passphrase" | "passcode" | "secret" | "secrets"
        | "credential" | "credentials" | "creds" | "requirepass" | "masterauth" | "jwt" | "sas"
        | "sshkey" | "privatekey" | "dockerconfigjson" | "dockercfg" | "passwords"
        | "connectionstring" => sure,
        "pass" if PASS_OF.contains(&before) => sure,
        "authorization" | "cookie" | "cookies" => Some(KeyKind::SecretLine),
        "apikey" | "apikeys" | "accesskey" | "secretkey" => Some(KeyKind::Secret { numeric: true }),
        "sig" | "signature" | "auth" | "bearer" | "nonce" => Some(KeyKind::SecretIfOpaque),
        "headers" if words.any(|w| matches!(w, "otlp" | "otel" | "exporter")) => sure,
        "string" if before == "connection" => sure,
        "id" if before == "key" && matches!(words.back(2), "access" | "private" | "secret") => sure,
        "token" if !TOKEN_OF_A_TEXT.contains(&before) => Some(KeyKind::Secret { numeric: false }),
        "tokens" if matches!(before, "access" | "auth" | "api" | "bearer" | "refresh") => sure,
        "key" if SECRET_KEYS.contains(&before) => sure,
        "keys" if matches!(before, "api" | "secret" | "private" | "ssh" | "authorized") => sure,
        "key" if is_variable(raw) => Some(KeyKind::Secret { numeric: false }),
        "key" if raw.starts_with(b"--") && !TABLE_KEYS.contains(&before) => {
            Some(KeyKind::Secret { numeric: false })
        }
        // Names whose words are not set apart: `redispassword`.
        _ if GLUED.iter().any(|ending| last.ends_with(ending)) => sure,
        _ => None,
    }
}

/// Words that make `pass` a password and not a round of something.
const PASS_OF: &[&str] = &[
    "redis", "db", "mysql", "pg", "postgres", "user", "smtp", "admin", "root", "proxy", "auth",
    "http", "kafka", "sasl", "valkey", "mongo", "ftp", "ldap", "mq",
];

/// Words that make `token` a piece of text and not a credential.
const TOKEN_OF_A_TEXT: &[&str] = &[
    "bos",
    "eos",
    "pad",
    "unk",
    "sep",
    "cls",
    "mask",
    "special",
    "stop",
    "image",
    "audio",
    "video",
    "next",
    "last",
    "first",
    "output",
    "input",
    "prompt",
    "per",
    "num",
    "max",
    "min",
    "total",
    "hit",
    "think",
    "tool",
    "start",
    "end",
    "draft",
    "one",
    "each",
    "generated",
    "new",
    "to",
    "by",
    "multi",
    "single",
    "current",
    "sampled",
    "placeholder",
    "separator",
    "fim",
    "decode",
    "prefill",
    "this",
    "a",
    "the",
    "of",
    "inter",
    "cached",
    "computed",
    "scheduled",
    "bonus",
];

/// Words that make `key` a credential and not a key of a table.
const SECRET_KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "account",
    "shared",
    "encryption",
    "signing",
    "master",
    "auth",
    "ssh",
    "license",
    "storage",
    "admin",
    "session",
    "client",
    "service",
    "subscription",
    "consumer",
    "app",
    "deploy",
    "hmac",
    "aes",
    "ssl",
    "tls",
    "server",
    "wandb",
    "openai",
    "nvidia",
    "ngc",
    "anthropic",
    "hf",
    "azure",
    "aws",
    "gcp",
    "google",
    "minio",
    "s3",
    "redis",
    "root",
    "user",
    "host",
    "rsa",
    "webhook",
    "datadog",
    "dd",
];

/// Words that make a `--...-key` option the key of a table.
const TABLE_KEYS: &[&str] =
    &["", "cache", "chunk", "sort", "partition", "primary", "object", "routing", "group", "by"];

/// Credentials also at the end of a longer word.
const GLUED: &[&str] =
    &["password", "passwd", "passphrase", "apikey", "secretkey", "accesskey", "accesstoken"];

/// `LIKE_THIS`: the spelling of an environment variable.
fn is_variable(raw: &[u8]) -> bool {
    raw.contains(&b'_')
        && raw.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

fn content(last: &str, before: &str, third: &str) -> Option<KeyKind> {
    match last {
        "prompt" | "prompts" => Some(KeyKind::Prompt),
        "completion" | "completions" | "instruction" | "instructions" | "messages" | "inputs"
        | "question" | "answer"
            if before.is_empty() =>
        {
            Some(KeyKind::Prompt)
        }
        "text" | "texts"
            if matches!(
                before,
                "prompt" | "generated" | "output" | "completion" | "input" | "response" | "origin"
            ) =>
        {
            Some(KeyKind::Prompt)
        }
        "history" if before == "chat" => Some(KeyKind::Prompt),
        "content" if before == "reasoning" => Some(KeyKind::Prompt),
        "text" | "content" | "input" | "output" | "arguments" | "refusal" | "conversation"
        | "conversations" => Some(KeyKind::PromptInContext),
        "ids" if matches!(before, "token" | "input" | "output") => Some(KeyKind::TokenIds),
        "tokens" if matches!(before, "" | "prompt" | "output" | "input" | "all" | "new") => {
            Some(KeyKind::TokenIds)
        }
        "list" if before == "ids" && third == "token" => Some(KeyKind::TokenIds),
        "hash" | "hashes"
            if matches!(
                before,
                "" | "chunk" | "block" | "prefix" | "key" | "parent" | "kv" | "page" | "head"
            ) =>
        {
            Some(KeyKind::Hash)
        }
        "hex" if matches!(before, "hash" | "hashes") => Some(KeyKind::Hash),
        "salt" | "salts" => Some(KeyKind::Salt),
        _ => None,
    }
}

fn place(last: &str, before: &str) -> Option<KeyKind> {
    match last {
        "host" | "hostname" | "hosts" | "hostnames" | "nodename" | "fqdn" | "podname" => {
            Some(KeyKind::Host { strong: true })
        }
        "name" if matches!(before, "host" | "node" | "pod" | "server" | "bucket") => {
            Some(KeyKind::Host { strong: before != "server" })
        }
        "bucket" => Some(KeyKind::Host { strong: true }),
        "ip" | "ips" | "addr" | "addrs" | "address" | "addresses" | "node" | "nodes" | "pod"
        | "pods" | "endpoint" | "endpoints" | "instance" | "broker" | "brokers" | "url"
        | "urls" | "uri" => Some(KeyKind::Host { strong: false }),
        "servers" if before == "bootstrap" => Some(KeyKind::Host { strong: true }),
        "user" | "username" | "logname" | "login" | "accountname" => Some(KeyKind::Identity),
        "name" if matches!(before, "user" | "account") => Some(KeyKind::Identity),
        "id" if matches!(before, "project" | "client" | "subscription" | "tenant" | "account") => {
            Some(KeyKind::Identity)
        }
        _ => None,
    }
}

/// The lower-case words of a name, split at punctuation and at camel case.
struct Words {
    text: String,
    ends: Vec<(usize, usize)>,
}

impl Words {
    fn of(key: &[u8]) -> Self {
        let mut text = String::with_capacity(key.len());
        let mut ends: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        for (i, byte) in key.iter().enumerate() {
            let prev = i.checked_sub(1).and_then(|p| key.get(p)).copied().unwrap_or(b'_');
            let next = key.get(i + 1).copied().unwrap_or(b'_');
            let hump = byte.is_ascii_uppercase()
                && (prev.is_ascii_lowercase()
                    || (prev.is_ascii_uppercase() && next.is_ascii_lowercase()));
            if hump || !byte.is_ascii_alphanumeric() {
                if text.len() > start {
                    ends.push((start, text.len()));
                }
                start = text.len();
            }
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte.to_ascii_lowercase()));
            }
        }
        if text.len() > start {
            ends.push((start, text.len()));
        }
        Words { text, ends }
    }

    /// The `n`th word from the end, empty if there is none.
    fn back(&self, n: usize) -> &str {
        self.ends
            .len()
            .checked_sub(n + 1)
            .and_then(|i| self.ends.get(i))
            .and_then(|(start, end)| self.text.get(*start..*end))
            .unwrap_or("")
    }

    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.ends.iter().any(|(start, end)| self.text.get(*start..*end).is_some_and(&test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(key: &str) -> KeyKind {
        classify(key.as_bytes())
    }

    #[test]
    fn credentials_in_every_spelling() {
        for key in [
            "password",
            "REDIS_PASSWORD",
            "redisPassword",
            "db.password",
            "sasl-password",
            "api_key",
            "apiKey",
            "APIKey",
            "x-api-key",
            "OPENAI_API_KEY",
            "HF_TOKEN",
            "hf_token",
            "aws_secret_access_key",
            "SecretAccessKey",
            "AWS_ACCESS_KEY_ID",
            "AccountKey",
            "SharedAccessKey",
            "private_key",
            "private_key_id",
            "client_secret",
            "SOME_KEY",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "session_token",
            "ssl_keyfile_password",
            "connectionString",
            "github_token",
            "--any-key",
            "redispassword",
        ] {
            assert!(matches!(kind(key), KeyKind::Secret { .. }), "{key}: {:?}", kind(key));
        }
        assert_eq!(kind("Authorization"), KeyKind::SecretLine);
        assert_eq!(kind("Set-Cookie"), KeyKind::SecretLine);
        assert_eq!(kind("X-Amz-Signature"), KeyKind::SecretIfOpaque);
    }

    #[test]
    fn names_that_only_sound_like_credentials() {
        for key in [
            "lookup_hit_tokens",
            "max_tokens",
            "bos_token",
            "eos_token_id",
            "time_per_output_token",
            "cache_key",
            "chunk_key",
            "keys",
            "key",
            "l1_read_keys",
            "sort_key",
            "tokenizer",
            "tokenizer_mode",
            "author",
            "auth_enabled",
            "passed",
            "bypass",
            "keyboard",
            "monkey",
            "secret_name",
            "secretKeyRef",
            "hash_algorithm",
            "prefix_caching_hash_algo",
            "PYTHONHASHSEED",
            "prompt_tokens_details",
            "prompt_len",
            "tokens_per_block",
            "hostfunc",
            "path_sharding",
            "pass",
            "forward_pass",
            "cudagraph_copy_inputs",
            "user_specified_block_size",
            "use_mla",
        ] {
            assert_eq!(kind(key), KeyKind::Plain, "{key}");
        }
    }

    #[test]
    fn files_are_not_the_secret_in_them() {
        for key in ["ssl_keyfile", "token_file", "PASSWORD_FILE", "HOME", "PWD", "base_path"] {
            assert_eq!(kind(key), KeyKind::Path, "{key}");
        }
        assert!(matches!(kind("DB_PWD"), KeyKind::Secret { .. }));
    }

    #[test]
    fn content_hashes_salts_hosts() {
        assert_eq!(kind("prompt"), KeyKind::Prompt);
        assert_eq!(kind("generated_text"), KeyKind::Prompt);
        assert_eq!(kind("content"), KeyKind::PromptInContext);
        assert_eq!(kind("prompt_token_ids"), KeyKind::TokenIds);
        assert_eq!(kind("input_ids"), KeyKind::TokenIds);
        assert_eq!(kind("chunk_hashes"), KeyKind::Hash);
        assert_eq!(kind("chunk_hash_hex"), KeyKind::Hash);
        assert_eq!(kind("cache_salt"), KeyKind::Salt);
        assert_eq!(kind("VLLM_HOST_IP"), KeyKind::Host { strong: false });
        assert_eq!(kind("host.name"), KeyKind::Host { strong: true });
        assert_eq!(kind("USER"), KeyKind::Identity);
        assert_eq!(kind("python_version"), KeyKind::Version);
    }
}
