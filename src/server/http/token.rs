//! Who may ask: whoever shows the token, or, without one, programs of this machine.
//!
//! Thread: `http`. In: headers of a request. Out: yes, or why not. Memory: the token's digest. When the token is wrong:
//! the comparison takes as long as when it is right. Source: RFC 6750 (bearer tokens); the checks of `Host` and
//! `Origin` keep web pages that a browser on this machine shows from asking.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, ORIGIN};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::HttpError;
use patter_config::Loaded;
use patter_config::secret::Secret;

/// A file of a token is no longer than this.
const MAX_FILE_BYTES: u64 = 4_096;

/// The digest of what clients must show.
#[derive(Clone)]
pub struct Token(Sha256Digest);

type Sha256Digest = [u8; 32];

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No token, or a wrong one.
    Token,
    /// A web page asks.
    WebPage,
}

impl Token {
    /// Keeps what must be shown.
    pub fn new(secret: &Secret) -> Self {
        Self(digest(secret.reveal().as_bytes()))
    }

    /// What the config names; None when it names none.
    ///
    /// # Errors
    /// The file cannot be read, or what it holds can be guessed.
    pub fn of_config(loaded: &Loaded) -> Result<Option<Self>, HttpError> {
        let config = &loaded.config.http;
        if !config.token.is_empty() {
            return Ok(Some(Self::new(&config.token)));
        }
        if config.token_file.as_os_str().is_empty() {
            return Ok(None);
        }
        let path = loaded.resolve(&config.token_file);
        let mut text = String::new();
        std::fs::File::open(&path)
            .and_then(|file| {
                use std::io::Read;
                file.take(MAX_FILE_BYTES).read_to_string(&mut text)
            })
            .map_err(|source| HttpError::TokenFile {
                path: path.display().to_string(),
                source,
            })?;
        let secret = Secret::new(text.trim());
        if !secret.is_strong() {
            let path = path.display().to_string();
            return Err(HttpError::WeakToken { path });
        }
        Ok(Some(Self::new(&secret)))
    }

    fn is_shown(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return false;
        };
        let Some((scheme, shown)) = split_at_space(value.as_bytes()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"bearer") && self.0.ct_eq(&digest(shown)).into()
    }
}

fn digest(bytes: &[u8]) -> Sha256Digest {
    Sha256::digest(bytes).into()
}

fn split_at_space(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = value.iter().position(|&b| b == b' ')?;
    Some((&value[..space], value[space + 1..].trim_ascii()))
}

/// Whether a request with these headers is answered.
///
/// # Errors
/// Why not.
pub fn check(token: Option<&Token>, headers: &HeaderMap) -> Result<(), Denied> {
    match token {
        Some(token) if token.is_shown(headers) => Ok(()),
        Some(_) => Err(Denied::Token),
        // Only this machine gets through, but a page in its browser may ask on a stranger's behalf: it sends `Origin`,
        // or the name of its own site as `Host`.
        None if headers.contains_key(ORIGIN) => Err(Denied::WebPage),
        None => match headers.get(HOST) {
            Some(host) if !host.to_str().is_ok_and(is_this_machine) => Err(Denied::WebPage),
            _ => Ok(()),
        },
    }
}

fn is_this_machine(host: &str) -> bool {
    // A stranger's page can have a name that leads here, but no name is an address.
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost")
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<SocketAddr>().is_ok()
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn headers(pairs: &[(hyper::header::HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token::new(&Secret::new("0123456789abcdef"));
        let answer = |value| check(Some(&token), &headers(&[(AUTHORIZATION, value)]));
        assert_eq!(answer("Bearer 0123456789abcdef"), Ok(()));
        assert_eq!(answer("bearer  0123456789abcdef"), Ok(()));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "0123456789abcdef",
            "Basic 0123456789abcdef",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0",
        ] {
            assert_eq!(answer(wrong), Err(Denied::Token), "{wrong}");
        }
        assert_eq!(check(Some(&token), &HeaderMap::new()), Err(Denied::Token));
    }

    #[test]
    fn without_a_token_programs_of_this_machine_ask_and_web_pages_do_not() {
        for host in [
            "127.0.0.1:8091",
            "127.0.0.1",
            "localhost:8091",
            "localhost",
            "[::1]:8091",
            "[::1]",
        ] {
            assert_eq!(check(None, &headers(&[(HOST, host)])), Ok(()), "{host}");
        }
        assert_eq!(check(None, &HeaderMap::new()), Ok(()));
        for host in [
            "evil.example",
            "evil.example:8091",
            "127.0.0.1.evil.example",
            "",
        ] {
            let answer = check(None, &headers(&[(HOST, host)]));
            assert_eq!(answer, Err(Denied::WebPage), "{host}");
        }
        let page = headers(&[(HOST, "127.0.0.1:8091"), (ORIGIN, "http://evil.example")]);
        assert_eq!(check(None, &page), Err(Denied::WebPage));
    }
}
