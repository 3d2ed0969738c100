//! URLs as a user names them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

/// A URL that may be fetched: `http` or `https`, with a host.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    scheme: &'static str,
    /// `user:password`, never shown.
    user: Option<String>,
    authority: String,
    path: String,
    /// Without the `?`, never shown: it may hold a token.
    query: Option<String>,
}

/// Why a URL cannot be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no scheme.
    #[error("it is not a URL: http:// or https:// is missing")]
    NoScheme,
    /// Another scheme than these two.
    #[error("the scheme {0} is not fetched: only http and https are")]
    Scheme(String),
    /// There is no host.
    #[error("the URL names no host")]
    NoHost,
    /// A blank or control character.
    #[error("the URL holds a blank or control character")]
    Blank,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Address {
    /// Takes a URL apart.
    ///
    /// ```
    /// use inferguard::fetch::Address;
    ///
    /// let address = Address::parse("http://user:secret@host:8080/metrics?token=abc")?;
    /// assert_eq!(address.shown(), "http://host:8080/metrics");
    /// assert_eq!(address.at("/status").shown(), "http://host:8080/status");
    /// # Ok::<(), inferguard::fetch::UrlError>(())
    /// ```
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Blank);
        }
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::NoScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" => "https",
            other => return Err(UrlError::Scheme(other.to_owned())),
        };
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |i| rest.split_at(i));
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        if authority.is_empty() || authority.starts_with(':') {
            return Err(UrlError::NoHost);
        }
        let path = path.split('#').next().unwrap_or("");
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (path, None),
        };
        let (authority, path) = (authority.to_owned(), path.to_owned());
        Ok(Self { scheme, user, authority, path, query })
    }

    /// The same address, with this path where it has none.
    #[must_use]
    pub fn or_path(&self, path: &str) -> Self {
        let none = matches!(self.path.as_str(), "" | "/") && self.query.is_none();
        if none { self.at(path) } else { self.clone() }
    }

    /// The path of the same server below this address. A path that the user gave is kept in
    /// front (a proxy's prefix), without a last `/`.
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        let base = self.path.trim_end_matches('/');
        self.at(&format!("{base}{path}"))
    }

    /// The server of a metrics page: what stands before `/metrics`. Nothing where the path ends
    /// otherwise.
    #[must_use]
    pub fn server_of_metrics(&self) -> Option<Self> {
        self.path.strip_suffix("/metrics").map(|prefix| self.at(prefix))
    }

    /// Another path of the same server.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), query: None, ..self.clone() }
    }

    /// The address as it may be shown: without user, password and query.
    pub fn shown(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.path)
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is sent. User and password go into a header, not into the request line.
    pub(super) fn full(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.shown()),
            None => self.shown(),
        }
    }

    /// The header for the user and password of the URL.
    pub(super) fn basic_authorisation(&self) -> Option<String> {
        self.user.as_ref().map(|user| {
            let plain: Vec<u8> = percent_decode_str(user).collect();
            format!("Basic {}", STANDARD.encode(plain))
        })
    }
}

/// A URL as it may be shown: without user and password, without query, whether it can be fetched
/// or not.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |i| rest.split_at(i));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or("");
    format!("{scheme}://{host}{path}")
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
            ("http://[::1]:9000/x", "http://[::1]:9000/x"),
            ("no url", "no url"),
            ("http://a:b@c d/x", "http://c d/x"),
        ] {
            assert_eq!(without_credentials(url), want);
        }
        let address = Address::parse("http://us%65r:p%40ss@h/x").unwrap();
        assert_eq!(address.basic_authorisation().unwrap(), "Basic dXNlcjpwQHNz");
        assert!(!format!("{address:?}").contains("user"));
    }

    #[test]
    fn what_is_not_fetched() {
        let no = |url: &str| Address::parse(url).unwrap_err().to_string();
        assert!(no("file:///etc/hostname").contains("only http"));
        assert!(no("host:80").contains("not a URL"));
        assert!(no("http:///x").contains("no host"));
        assert!(no("http://h/a b").contains("blank"));
    }

    #[test]
    fn paths_of_a_server() {
        let base = Address::parse("http://h:1/proxy/").unwrap();
        assert_eq!(base.below("/status").shown(), "http://h:1/proxy/status");
        assert_eq!(
            Address::parse("http://h").unwrap().or_path("/metrics").shown(),
            "http://h/metrics"
        );
        assert_eq!(
            Address::parse("http://h/").unwrap().or_path("/metrics").shown(),
            "http://h/metrics"
        );
        assert_eq!(base.or_path("/metrics").shown(), "http://h:1/proxy/");
    }
}
