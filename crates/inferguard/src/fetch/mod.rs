//! Fetches pages from endpoints that the user named.
//!
//! Only `http` and `https`, only GET, no redirects, no proxy from the environment, a deadline
//! for the whole exchange and a limit on the body, stored and inflated.

mod url;

use std::io::Read as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flate2::read::MultiGzDecoder;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::packet::Input;
pub use url::{Address, UrlError, without_credentials};

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

/// What is sent along, and whom to trust. Never written anywhere.
#[derive(Clone, Default)]
pub struct Credentials {
    /// Headers, as name and value.
    pub headers: Vec<(String, String)>,
    /// Certificates (PEM) of authorities to trust instead of the built-in ones.
    pub authorities: Vec<u8>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// Media type as the server names it.
    pub content_type: Option<String>,
    /// The body, inflated where it was gzip.
    pub body: Vec<u8>,
    /// When the answer was complete, in seconds since 1970.
    pub at: f64,
    /// How long the exchange took.
    pub took: Duration,
}

impl Answer {
    /// The body of a page, or why it is none.
    pub(crate) fn into_page(self) -> Result<Vec<u8>, String> {
        if self.status == 200 { Ok(self.body) } else { Err(self.told()) }
    }

    /// The status as it is told.
    pub(crate) fn told(&self) -> String {
        let redirect =
            if (300..400).contains(&self.status) { ", a redirect: it is not followed" } else { "" };
        format!("the server answered {}{redirect}", self.status)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL cannot be fetched.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nobody listens, or the connection broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The host is not known.
    #[error("the host is not known")]
    Host,
    /// No whole answer in time.
    #[error("no whole answer within {0} s")]
    Timeout(f64),
    /// The body is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// The certificate is not trusted, or the handshake failed.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The file of authorities holds none.
    #[error("the CA file holds no certificate that can be read")]
    Authorities,
    /// The body claims to be gzip and is not.
    #[error("the answer's gzip encoding is damaged")]
    Encoding,
    /// The server does not speak HTTP as it should.
    #[error("the answer is no HTTP: {0}")]
    Protocol(String),
}

impl FetchError {
    /// A short stable word, for manifests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "bad_url",
            Self::Connection(_) => "connect_error",
            Self::Host => "unknown_host",
            Self::Timeout(_) => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::Tls(_) => "tls_error",
            Self::Authorities => "bad_ca_file",
            Self::Encoding => "bad_encoding",
            Self::Protocol(_) => "protocol_error",
        }
    }
}

/// Fetches from any number of endpoints, one exchange a call.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    headers: Vec<(String, String)>,
    limits: FetchLimits,
}

impl Client {
    /// A client with these bounds.
    pub fn new(limits: FetchLimits, credentials: &Credentials) -> Result<Self, FetchError> {
        let mut tls = TlsConfig::builder();
        if !credentials.authorities.is_empty() {
            let certificates: Vec<Certificate<'static>> = parse_pem(&credentials.authorities)
                .filter_map(Result::ok)
                .filter_map(|item| match item {
                    PemItem::Certificate(certificate) => Some(certificate),
                    _ => None,
                })
                .collect();
            if certificates.is_empty() {
                return Err(FetchError::Authorities);
            }
            tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(limits.timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(tls.build())
            .max_response_header_size(64 << 10)
            .user_agent(concat!("inferguard/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: ureq::Agent::new_with_config(config),
            headers: credentials.headers.clone(),
            limits,
        })
    }

    /// One GET. Any status is an answer, a redirect too: it is not followed.
    pub fn get(&self, address: &Address) -> Result<Answer, FetchError> {
        let started = Instant::now();
        let mut request = self
            .agent
            .get(address.full())
            .header("accept", "text/plain;version=0.0.4,application/json;q=0.9,*/*;q=0.1");
        if let Some(basic) = address.basic_authorisation() {
            request = request.header("authorization", basic);
        }
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let mut response = request.call().map_err(|e| self.describe(&e))?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        let content_type = header("content-type");
        let gzip = header("content-encoding")
            .is_some_and(|e| e.eq_ignore_ascii_case("gzip") || e.eq_ignore_ascii_case("x-gzip"));
        let stored = response
            .body_mut()
            .with_config()
            .limit(self.limits.body_bytes)
            .read_to_vec()
            .map_err(|e| self.describe(&e))?;
        let body = if gzip { self.inflate(&stored)? } else { stored };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
        Ok(Answer { status, content_type, body, at, took: started.elapsed() })
    }

    /// Not asked for, but some servers and proxies send it all the same.
    fn inflate(&self, stored: &[u8]) -> Result<Vec<u8>, FetchError> {
        let most = self.limits.body_bytes;
        let mut body = Vec::new();
        MultiGzDecoder::new(stored)
            .take(most.saturating_add(1))
            .read_to_end(&mut body)
            .map_err(|_| FetchError::Encoding)?;
        if body.len() as u64 > most {
            return Err(FetchError::TooLarge(most));
        }
        Ok(body)
    }

    fn describe(&self, error: &ureq::Error) -> FetchError {
        match error {
            ureq::Error::Timeout(_) => FetchError::Timeout(self.limits.timeout.as_secs_f64()),
            ureq::Error::BodyExceedsLimit(n) => FetchError::TooLarge(*n),
            ureq::Error::ConnectionFailed => {
                FetchError::Connection("refused or unreachable".into())
            }
            ureq::Error::HostNotFound => FetchError::Host,
            ureq::Error::Tls(what) => FetchError::Tls((*what).into()),
            ureq::Error::Rustls(what) => FetchError::Tls(what.to_string()),
            ureq::Error::Io(e) => match e.kind() {
                std::io::ErrorKind::InvalidData => FetchError::Tls(e.to_string()),
                std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => {
                    FetchError::Timeout(self.limits.timeout.as_secs_f64())
                }
                _ => FetchError::Connection(e.to_string()),
            },
            other => FetchError::Protocol(other.to_string()),
        }
    }
}

/// Fetches a metrics page; what goes wrong is the input's content, never a panic. `/metrics` is
/// added to a URL without a path.
pub fn fetch_page(url: &str, role: Option<&'static str>, client: &Client) -> Input {
    let shown = without_credentials(url);
    let (body, at) = match Address::parse(url).map_err(FetchError::from) {
        Ok(address) => match client.get(&address.or_path("/metrics")) {
            Ok(answer) => {
                let at = answer.at;
                (answer.into_page(), Some(at))
            }
            Err(e) => (Err(e.to_string()), None),
        },
        Err(e) => (Err(e.to_string()), None),
    };
    Input::Fetched { url: shown, file: None, role: role.map(str::to_owned), body, at }
}
