//! Fetches one page from an endpoint that the user named.
//!
//! Only `http` and `https`, only GET, no redirects, no proxy from the environment, a deadline
//! for the whole exchange and a limit on the body.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::packet::Input;

/// Bounds on a fetch.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// Deadline for the whole exchange.
    pub timeout: Duration,
    /// Most bytes of the body.
    pub body_bytes: u64,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), body_bytes: 256 << 20 }
    }
}

/// Fetches a metrics page; what goes wrong is the input's content, never a panic. `/metrics` is
/// added to a URL without a path.
pub fn fetch_page(url: &str, role: Option<&'static str>, limits: &FetchLimits) -> Input {
    let shown = without_credentials(url);
    let body = get(url, limits);
    let at = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|d| d.as_secs());
    Input::Fetched { url: shown, role, body, at }
}

/// A URL as it may be shown: without user and password, without query.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |i| rest.split_at(i));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or("");
    format!("{scheme}://{host}{path}")
}

fn get(url: &str, limits: &FetchLimits) -> Result<Vec<u8>, String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("it is not a URL: http:// or https:// is missing".into());
    };
    if scheme != "http" && scheme != "https" {
        return Err(format!("the scheme {scheme} is not fetched: only http and https are"));
    }
    let target = if rest.contains('/') { url.to_owned() } else { format!("{url}/metrics") };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(limits.timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .max_response_header_size(64 << 10)
        .user_agent(concat!("inferguard/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let mut response = agent
        .get(&target)
        .header("accept", "text/plain;version=0.0.4,*/*;q=0.1")
        .call()
        .map_err(|e| describe(&e, limits))?;
    let status = response.status().as_u16();
    if (300..400).contains(&status) {
        return Err(format!("the server answered {status}, a redirect: it is not followed"));
    }
    if status != 200 {
        return Err(format!("the server answered {status}"));
    }
    response
        .body_mut()
        .with_config()
        .limit(limits.body_bytes)
        .read_to_vec()
        .map_err(|e| describe(&e, limits))
}

fn describe(error: &ureq::Error, limits: &FetchLimits) -> String {
    match error {
        ureq::Error::Timeout(_) => {
            format!("no whole answer within {} s", limits.timeout.as_secs_f64())
        }
        ureq::Error::BodyExceedsLimit(n) => format!("the answer is larger than {n} bytes"),
        ureq::Error::ConnectionFailed => "the connection failed".into(),
        ureq::Error::HostNotFound => "the host is not known".into(),
        ureq::Error::Io(e) => format!("the connection failed: {e}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_queries_are_never_shown() {
        for (url, want) in [
            ("http://user:secret@host:8080/metrics?token=abc", "http://host:8080/metrics"),
            ("https://host", "https://host"),
            ("http://a@b@host/x#y", "http://host/x"),
            ("no url", "no url"),
        ] {
            assert_eq!(without_credentials(url), want);
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        let limits = FetchLimits::default();
        assert!(get("file:///etc/hostname", &limits).unwrap_err().contains("only http"));
        assert!(get("host:80", &limits).unwrap_err().contains("not a URL"));
    }
}
