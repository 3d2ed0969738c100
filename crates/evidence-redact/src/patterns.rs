//! The regular expressions, compiled once per redactor.

use regex::bytes::{Regex, RegexBuilder};

use crate::redactor::Error;

/// Every compiled expression. All are ASCII-only, so they run over bytes that need not be UTF-8.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    pub(crate) token: Regex,
    pub(crate) bearer: Regex,
    pub(crate) opaque: Regex,
    pub(crate) user_flag: Regex,
    pub(crate) ssh_key: Regex,
    pub(crate) url: Regex,
    pub(crate) login: Regex,
    pub(crate) email: Regex,
    pub(crate) ipv4: Regex,
    pub(crate) ipv6: Regex,
    pub(crate) domain: Regex,
    pub(crate) machine: Regex,
    pub(crate) hash: Regex,
    /// A Python bytes literal; its body is the first or the second group.
    pub(crate) bytes: Regex,
    pub(crate) quota: Regex,
    pub(crate) path: Regex,
    pub(crate) windows: Regex,
    pub(crate) key: Regex,
    pub(crate) flag: Regex,
}

/// Credentials that are known by their shape. What stands before must not be a word character.
const TOKEN: &str = r"(?x)
    (?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}
  | (?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=_%-]{16,}
  | AIza[0-9A-Za-z_-]{30,}
  | ya29\.[0-9A-Za-z_-]{16,}
  | GOCSPX-[0-9A-Za-z_-]{16,}
  | hf_[A-Za-z0-9]{16,}
  | api_org_[A-Za-z0-9]{16,}
  | sk-[A-Za-z0-9_-]{16,}
  | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}
  | gh[pousr]_[A-Za-z0-9]{16,}
  | github_pat_[A-Za-z0-9_]{16,}
  | gl(?:pat|ptt|dt|rt|cbt)-[A-Za-z0-9_-]{16,}
  | xox[a-z]-[A-Za-z0-9-]{8,}
  | xapp-[A-Za-z0-9-]{8,}
  | hooks\.slack\.com/services/[A-Za-z0-9/_-]+
  | nvapi-[A-Za-z0-9_-]{16,}
  | npm_[A-Za-z0-9]{30,}
  | pypi-[A-Za-z0-9_-]{30,}
  | dckr_pat_[A-Za-z0-9_-]{16,}
  | glsa_[A-Za-z0-9_]{16,}
  | hv[sbr]\.[A-Za-z0-9_-]{16,}
  | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
  | AGE-SECRET-KEY-1[A-Z0-9]{20,}
  | dapi[a-f0-9]{32}
  | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*
";

impl Patterns {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Patterns {
            token: compile("token", TOKEN)?,
            bearer: compile(
                "bearer",
                r"(?i)\b(?:bearer|basic)(?:[ \t]+|%20)([A-Za-z0-9._~+/%-]{6,}={0,2})",
            )?,
            opaque: compile("opaque", r"[A-Za-z0-9+/]{40,}={0,2}")?,
            user_flag: compile(
                "user flag",
                r#"(?:^|[\s"'])(?:-u|--user|--proxy-user)(?:[ \t=]+|["',\s]+)([^\s"':/]+:[^\s"']+)"#,
            )?,
            ssh_key: compile(
                "ssh key",
                r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9-]+@openssh\.com) AAAA[A-Za-z0-9+/=]+(?:[ \t]+[A-Za-z0-9._@-]+)?",
            )?,
            url: compile("url", r#"[A-Za-z][A-Za-z0-9+.-]{1,31}://[^\s"'<>\\`]+"#)?,
            login: compile("login", r"([A-Za-z0-9._-]+:[^\s@/:,;()\[\]{}<>=]+)@[A-Za-z0-9.-]+")?,
            email: compile("email", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")?,
            ipv4: compile("ipv4", r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")?,
            ipv6: compile(
                "ipv6",
                r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:[0-9]{0,3}(?:\.[0-9]{1,3}){3})?(?:%[A-Za-z0-9]{1,15})?",
            )?,
            domain: compile("domain", r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")?,
            machine: compile(
                "machine",
                r"ip-[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}|[a-z][a-z0-9-]+-[bcdf-hj-np-tv-xz2456789]{8,10}-[bcdf-hj-np-tv-xz2456789]{5}",
            )?,
            hash: compile("hash", r"0[xX][0-9A-Fa-f]{32,128}|@[0-9a-f]{32,128}")?,
            bytes: compile(
                "bytes",
                r#"\bb(?:'((?:[^'\\\r\n]|\\[^\r\n])*)'|"((?:[^"\\\r\n]|\\[^\r\n])*)")"#,
            )?,
            quota: compile("quota", r#"/quota/([^/\s"'`?&#\\{}]+)"#)?,
            path: compile("path", r"(?:/[A-Za-z0-9._~+%@$-]+)+/?")?,
            windows: compile("windows", r"[A-Za-z]:(?:\\{1,2}[A-Za-z0-9._ ~+%@$-]+)+")?,
            key: compile(
                "key",
                r#"([A-Za-z_][A-Za-z0-9_.-]*)(\\*["'])?\]?[ \t]*(=>|:=|=|:|,)[ \t]*"#,
            )?,
            flag: compile("flag", r#"(?:^|[\s"'])(--?[A-Za-z][A-Za-z0-9_.-]*)[ \t]+"#)?,
        })
    }
}

fn compile(name: &'static str, pattern: &str) -> Result<Regex, Error> {
    RegexBuilder::new(pattern).unicode(false).build().map_err(|_| Error::Pattern(name))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_compiles() {
        assert!(super::Patterns::new().is_ok());
    }
}
