//! What may stay although it has the shape of something that goes.

/// Names and words that a redactor leaves in place.
#[derive(Clone, Debug)]
pub struct Policy {
    keep_hosts: Vec<String>,
}

/// Sites of the projects that logs of LMCache, vLLM and SGLang point their readers to.
const PUBLIC_SITES: &[&str] = &[
    "lmcache.ai",
    "vllm.ai",
    "sglang.ai",
    "github.com",
    "githubusercontent.com",
    "huggingface.co",
    "pytorch.org",
    "python.org",
    "pypi.org",
    "prometheus.io",
    "opentelemetry.io",
    "grafana.com",
    "kubernetes.io",
    "k8s.io",
    "nvidia.com",
    "docker.io",
    "docker.com",
    "quay.io",
    "ghcr.io",
    "linkedin.com",
    "readthedocs.io",
    "apache.org",
    "json-schema.org",
    "w3.org",
    "ietf.org",
    "pydantic.dev",
    "tiangolo.com",
    "swagger.io",
];

impl Default for Policy {
    fn default() -> Self {
        Policy { keep_hosts: PUBLIC_SITES.iter().map(|site| (*site).to_owned()).collect() }
    }
}

impl Policy {
    /// Keeps no host name at all except loopback.
    pub fn strict() -> Self {
        Policy { keep_hosts: Vec::new() }
    }

    /// Also keeps this host and everything below it.
    ///
    /// ```
    /// let policy = evidence_redact::Policy::default().keep_host("example.org");
    /// assert!(policy.keeps_host(b"docs.example.org"));
    /// ```
    #[must_use]
    pub fn keep_host(mut self, site: &str) -> Self {
        self.keep_hosts.push(site.to_ascii_lowercase());
        self
    }

    /// True for loopback and "any" names, and for public project sites.
    pub fn keeps_host(&self, host: &[u8]) -> bool {
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(b".").unwrap_or(&host);
        is_local_name(host)
            || self.keep_hosts.iter().any(|site| {
                host.strip_suffix(site.as_bytes())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"."))
            })
    }
}

/// Names that mean "this machine" or "any", and so identify none.
fn is_local_name(host: &[u8]) -> bool {
    matches!(
        host,
        b"" | b"localhost"
            | b"localhost.localdomain"
            | b"ip6-localhost"
            | b"*"
            | b"host.docker.internal"
            | b"kubernetes.default.svc"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_match_at_a_dot() {
        let policy = Policy::default();
        assert!(policy.keeps_host(b"docs.LMCache.ai"));
        assert!(policy.keeps_host(b"localhost"));
        assert!(!policy.keeps_host(b"notlmcache.ai"));
        assert!(!Policy::strict().keeps_host(b"github.com"));
    }
}
