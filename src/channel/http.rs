//! What e-mail over HTTP and webhooks share: the client, one attempt, and what its answer means.
//!
//! One call is one attempt: no redirects are followed, no proxy is taken from the environment, nothing is sent again. (When
//! a kept-alive connection turns out closed before a byte of the request was written, the client dials anew; the far side
//! saw nothing, so that is still one attempt.) Both far sides recognise our key, so after a lost connection or a timeout
//! the same bytes may go out again: such an attempt ends in [`SendError::Later`], not in doubt.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Request, Response, Url};

use super::guard::{Guard, Refused, Resolver};
use super::setup::{SetupError, install_tls, read};
use super::{Cause, NO_ANSWER, SendError};
use crate::crash;
use crate::domain::retry;

/// Most of an answer that is looked at, in bytes: receipts and error names are far smaller.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// When an endpoint that has gone is asked again.
const GONE_PAUSE: Duration = Duration::from_secs(3600);
/// How long an idle connection is kept. Below the 60 s after which common load balancers drop one.
const IDLE: Duration = Duration::from_secs(50);

/// How an endpoint is reached.
pub(super) struct Options<'a> {
    /// Names the settings in complaints, such as `email.url`.
    pub(super) url_setting: &'static str,
    pub(super) ca_setting: &'static str,
    pub(super) url: &'a str,
    /// Allows `http:` to hosts that are not this machine.
    pub(super) allow_http: bool,
    /// Certificates to trust instead of the system's.
    pub(super) ca_file: Option<&'a Path>,
    /// `None`: the endpoint is of the operator's own choosing and may be anywhere.
    pub(super) guard: Option<Guard>,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    /// Idle connections kept.
    pub(super) connections: usize,
}

/// One endpoint that takes POST requests.
#[derive(Debug)]
pub(super) struct Endpoint {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// The beginning of the body.
    pub(super) body: Vec<u8>,
}

impl Endpoint {
    /// Prepares the client; nothing is connected yet. `headers` go with every request.
    pub(super) fn new(options: Options<'_>, mut headers: HeaderMap) -> Result<Self, SetupError> {
        install_tls();
        let url = Url::parse(options.url)
            .map_err(|error| SetupError::setting(options.url_setting, format!("not a URL: {error}")))?;
        check_url(&options, &url)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut client = Client::builder()
            .user_agent(concat!("doorstep/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(options.connections);
        if let Some(guard) = options.guard {
            client = client.dns_resolver(Resolver(guard));
        }
        client = match options.ca_file {
            Some(path) => {
                let pem = read(options.ca_setting, path)?;
                let trusted = reqwest::Certificate::from_pem_bundle(&pem)
                    .map_err(|_| SetupError::setting(options.ca_setting, "holds no PEM certificates"))?;
                client.tls_certs_only(trusted)
            }
            // Without TLS there is nothing to trust, and the system's bundle need not be there.
            None if url.scheme() == "http" => client.tls_certs_only([]),
            None => client,
        };
        Ok(Self { client: client.build().map_err(SetupError::Client)?, url, headers })
    }

    /// The host, as a name for the breaker and for logs.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// One attempt. `now` is asked only for a `Retry-After` that is a date.
    pub(super) async fn post(
        &self,
        headers: HeaderMap,
        body: Bytes,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Answer, SendError> {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().extend(headers);
        *request.body_mut() = Some(body.into());
        crash::point("http.requested");
        let response = self.client.execute(request).await.map_err(|error| lost(&error))?;
        crash::point("http.answered");
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| retry::asked(value.to_str().ok()?, now()));
        Ok(Answer { status, retry_after, body: beginning(response).await })
    }
}

fn check_url(options: &Options<'_>, url: &Url) -> Result<(), SetupError> {
    let refuse = |problem: &str| Err(SetupError::setting(options.url_setting, problem));
    match url.scheme() {
        "https" => {}
        "http" if options.allow_http || is_this_machine(url) => {}
        "http" => return refuse("must be https, unless allow_http is set"),
        _ => return refuse("must start with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must hold no user name or password");
    }
    match options.guard.as_ref().map(|guard| guard.check(url)) {
        Some(Err(Refused)) => refuse("the address is private, which allow_private or allowed_networks must permit"),
        Some(Ok(())) | None => Ok(()),
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Reads what is needed of the answer. An answer whose body breaks off is still an answer: the status has been read.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    body
}

/// What it means that no answer came.
fn lost(error: &reqwest::Error) -> SendError {
    let what = if refused_by_guard(error) {
        "the address is private and not allowed"
    } else if error.is_connect() && error.is_timeout() {
        "timed out while connecting"
    } else if error.is_connect() {
        "could not connect"
    } else if error.is_timeout() {
        NO_ANSWER[0]
    } else {
        NO_ANSWER[1]
    };
    SendError::Later { retry_after: None, cause: Cause { what, code: None, endpoint_fault: true } }
}

fn refused_by_guard(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<Refused>() {
            return true;
        }
        source = inner.source();
    }
    false
}

impl Answer {
    /// Whether the message was taken.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it is our settings that are wrong, so that every message would meet the same end: a person must mend it.
    pub(super) fn is_setup_fault(&self) -> bool {
        matches!(self.status, 300..=399 | 401 | 403..=405 | 407 | 410)
    }

    /// What a status other than 2xx means for the next step, as far as every receiver agrees.
    ///
    /// A wrong address or token is the operator's mistake and would be the same for every message, so it never costs one.
    pub(super) fn refusal(&self) -> SendError {
        let later = |what| SendError::Later {
            retry_after: self.retry_after,
            cause: Cause { what, code: Some(self.status), endpoint_fault: true },
        };
        match self.status {
            300..400 => later("answered with a redirect, which is not followed"),
            401 | 403 | 407 => later("refused our credentials"),
            404 | 405 => later("the url does not take messages"),
            408 | 425 => later("asked to try again"),
            410 => SendError::Later {
                retry_after: Some(GONE_PAUSE),
                cause: Cause { what: "the endpoint has gone", code: Some(self.status), endpoint_fault: true },
            },
            429 => later("too many requests"),
            400..500 => SendError::Never {
                cause: Cause { what: "refused by the receiver", code: Some(self.status), endpoint_fault: false },
            },
            _ => later("the receiver failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_do_next() {
        let refusal = |status| Answer { status, retry_after: None, body: Vec::new() }.refusal();
        for status in [301, 302, 307, 401, 403, 404, 408, 410, 425, 429, 500, 502, 503, 504, 599] {
            let SendError::Later { cause, .. } = refusal(status) else { panic!("{status} is not final") };
            assert!(cause.endpoint_fault);
            assert_eq!(cause.code, Some(status));
        }
        for status in [400, 402, 409, 413, 415, 422, 451] {
            let SendError::Never { cause } = refusal(status) else { panic!("{status} is final") };
            assert!(!cause.endpoint_fault);
        }
    }
}
