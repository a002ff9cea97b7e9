//! Requests to answers.
//!
//! Thread: `http`; an answer waits for the request's own body, and for the end of a call that has been hung up. In:
//! requests. Out: JSON, text, figures, a stream of events; errors as `{"error":…,"hint":…}`. Memory: a body of at most
//! [`MAX_BODY_BYTES`]. When late: a body that does not come in time is answered 408, last words that are not judged
//! 503.
//!
//! Paths for dialplans (`/calls/UUID/outcome`, `…/reason`, `…/slots/NAME`) answer errors with an empty body: Asterisk's
//! `CURL()` gives the body alone. A dialplan asks in the moment of the hang-up, before this side has seen it, and
//! before the caller's last words are judged, which may be the wish to be called no more: it is not told `none` too
//! early.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;

use super::connections::Place;
use super::expiring::CallKey;
use super::live::LiveCall;
use super::registry::{CallData, CallResult, RegisterError, SlotValue};
use super::stream::EventStream;
use super::token::{self, Denied, Token};
use super::{Shared, metrics};
use crate::session::{Control, call_id};
use patter_types::outcome::Outcome;

/// Longest body of a request.
const MAX_BODY_BYTES: usize = 64 << 10;
/// A longer one is not even read to its end before it is refused.
const MAX_SKIPPED_BYTES: usize = 1 << 20;

/// A call that seems to run on is looked at so long: its hang-up may be under way.
const HANG_UP_GRACE: Duration = Duration::from_millis(500);
/// The last words of a call that has been hung up are waited for so long, as the call itself does; only on a machine
/// that is very late they take more than a moment.
const LAST_WORDS: Duration = Duration::from_secs(62);
/// How often.
const POLL: Duration = Duration::from_millis(10);

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// What an answer is made of.
pub(super) type Body = Either<Full<Bytes>, EventStream>;

/// What answering needs.
pub(super) struct Context {
    pub(super) shared: Arc<Shared>,
    pub(super) token: Option<Token>,
    pub(super) client_timeout: Duration,
}

/// Why a request is not done.
#[derive(Debug, Error)]
enum RequestError {
    #[error("the token is missing or wrong")]
    Token,
    #[error("web pages may not ask")]
    WebPage,
    #[error("there is nothing at `{0}`")]
    NoPath(String),
    #[error("`{method}` cannot be done here")]
    Method {
        method: Method,
        allowed: &'static str,
    },
    #[error("`{0}` is not a UUID")]
    Uuid(String),
    #[error("no such call")]
    NoCall,
    #[error("the call is under way")]
    UnderWay,
    #[error("the call is not under way")]
    NotUnderWay,
    #[error("what the caller said last is not judged yet")]
    NotJudged,
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error("the body is longer than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the body did not come in time")]
    Late,
    #[error("the body broke off")]
    Broken,
    #[error("too many listeners")]
    Listeners,
    #[error("the figures cannot be written: {0}")]
    Figures(#[from] prometheus::Error),
}

impl RequestError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::WebPage => StatusCode::FORBIDDEN,
            Self::NoPath(_) | Self::NoCall | Self::NotUnderWay => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Register(RegisterError::Full | RegisterError::Draining)
            | Self::Listeners
            | Self::NotJudged => StatusCode::SERVICE_UNAVAILABLE,
            Self::Uuid(_) | Self::Register(_) | Self::Broken => StatusCode::BAD_REQUEST,
            Self::UnderWay => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Figures(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Token => "send `Authorization: Bearer TOKEN` with the token of `http.token` or `http.token_file`".into(),
            Self::WebPage => {
                "call the server by its IP address and without `Origin`, or set `http.token`".into()
            }
            Self::NoPath(_) => {
                "there are /healthz, /readyz, /metrics, /calls, /calls/events, /calls/UUID, /calls/UUID/outcome, \
                 /calls/UUID/reason, /calls/UUID/slots/NAME, and to POST to /calls/UUID/hold, /calls/UUID/resume \
                 and /calls/UUID/end"
                    .into()
            }
            Self::Method { allowed, .. } => format!("use {allowed}"),
            Self::Uuid(_) => "as in 40325ec2-5efd-4bd3-805f-53576e581d13, the UUID that the dialplan gives AudioSocket".into(),
            Self::NoCall => "it was neither registered, nor runs, nor ended lately; see `http.registration_s` and `http.result_s`".into(),
            Self::NotUnderWay => "`GET /calls` shows the calls that are".into(),
            Self::NotJudged => "ask again in some seconds".into(),
            Self::UnderWay => "a call is registered before it comes, and forgotten after it ended".into(),
            Self::Register(error) => return error.hint(),
            Self::Listeners => "listeners may take half of `http.max_connections`".into(),
            Self::TooLarge | Self::Late | Self::Broken | Self::Figures(_) => return None,
        })
    }
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
enum Path<'a> {
    Health,
    Ready,
    Metrics,
    Calls,
    Events,
    Call(&'a str),
    Outcome(&'a str),
    Reason(&'a str),
    /// The name as it stands in the path, with escapes.
    Slot(&'a str, &'a str),
    Control(&'a str, Control),
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()]
            .into_iter()
            .chain([parts.next()])
            .flatten()
            .collect::<Vec<_>>();
        Some(match parts[..] {
            ["healthz"] => Self::Health,
            ["readyz"] => Self::Ready,
            ["metrics"] => Self::Metrics,
            ["calls"] => Self::Calls,
            ["calls", "events"] => Self::Events,
            ["calls", uuid] => Self::Call(uuid),
            ["calls", uuid, "outcome"] => Self::Outcome(uuid),
            ["calls", uuid, "reason"] => Self::Reason(uuid),
            ["calls", uuid, "hold"] => Self::Control(uuid, Control::Hold),
            ["calls", uuid, "resume"] => Self::Control(uuid, Control::Resume),
            ["calls", uuid, "end"] => Self::Control(uuid, Control::End),
            ["calls", uuid, "slots", name] => Self::Slot(uuid, name),
            _ => return None,
        })
    }

    fn allowed(&self) -> &'static str {
        match self {
            Self::Call(_) => "GET, HEAD, PUT, POST, DELETE",
            Self::Control(..) => "POST",
            _ => "GET, HEAD",
        }
    }

    /// Dialplans read it.
    fn is_text(&self) -> bool {
        matches!(self, Self::Outcome(_) | Self::Reason(_) | Self::Slot(..))
    }
}

/// Answers one request.
pub(super) async fn answer(
    request: Request<Incoming>,
    context: Arc<Context>,
    place: Arc<Place>,
) -> Result<Response<Body>, Infallible> {
    place.asks();
    let text = Path::of(request.uri().path()).is_some_and(|path| path.is_text());
    Ok(match route(request, &context, &place).await {
        Ok(response) => response,
        Err(error) if text => refusal(&error, String::new(), TEXT),
        Err(error) => {
            let body = json!({"error": error.to_string(), "hint": error.hint()});
            refusal(&error, body.to_string() + "\n", JSON)
        }
    })
}

async fn route(
    request: Request<Incoming>,
    context: &Context,
    place: &Arc<Place>,
) -> Result<Response<Body>, RequestError> {
    let uri = request.uri().clone();
    let path = Path::of(uri.path());
    if path != Some(Path::Health) {
        token::check(context.token.as_ref(), request.headers()).map_err(|denied| match denied {
            Denied::Token => RequestError::Token,
            Denied::WebPage => RequestError::WebPage,
        })?;
    }
    let path = path.ok_or_else(|| RequestError::NoPath(shortened(uri.path())))?;
    let shared = &context.shared;
    let method = request.method();
    // CURL() of a dialplan can post, but not put.
    if let Path::Call(uuid) = path
        && (method == Method::PUT || method == Method::POST)
    {
        let uuid = key(uuid)?;
        let body = body(request, context.client_timeout).await?;
        return register(shared, uuid, &body);
    }
    if let Path::Call(uuid) = path
        && method == Method::DELETE
    {
        let uuid = key(uuid)?;
        if shared.live.call(&call_id::format_uuid(&uuid)).is_some() {
            return Err(RequestError::UnderWay);
        }
        return match shared.forget(&uuid) {
            true => Ok(plain(StatusCode::NO_CONTENT, String::new(), TEXT)),
            false => Err(RequestError::NoCall),
        };
    }
    if let Path::Control(uuid, control) = path
        && method == Method::POST
    {
        return match shared.control(&key(uuid)?, control) {
            true => Ok(plain(StatusCode::NO_CONTENT, String::new(), TEXT)),
            false => Err(RequestError::NotUnderWay),
        };
    }
    let is_read = method == Method::GET || method == Method::HEAD;
    if !is_read || matches!(path, Path::Control(..)) {
        return Err(RequestError::Method {
            method: method.clone(),
            allowed: path.allowed(),
        });
    }
    Ok(match path {
        Path::Health => plain(StatusCode::OK, "ok\n".into(), TEXT),
        Path::Ready => match shared.not_ready() {
            None => plain(StatusCode::OK, "ready\n".into(), TEXT),
            Some(why) => plain(StatusCode::SERVICE_UNAVAILABLE, why + "\n", TEXT),
        },
        Path::Metrics => {
            let text = shared.metrics.render(shared.gauges())?;
            plain(StatusCode::OK, text, metrics::CONTENT_TYPE)
        }
        Path::Calls => {
            let (active, max) = shared.calls();
            json_of(
                StatusCode::OK,
                &json!({"active": active, "max": max, "calls": shared.live.calls()}),
            )
        }
        Path::Events => events(shared, place)?,
        Path::Call(uuid) => {
            let known = Known::of(shared, &key(uuid)?)?;
            json_of(StatusCode::OK, &known)
        }
        Path::Outcome(uuid) => {
            let uuid = key(uuid)?;
            judged(shared, place, &uuid, HANG_UP_GRACE).await?;
            let outcome = CameTo::of(shared, &uuid)?.outcome;
            let name = outcome.map_or("none", Outcome::name);
            plain(StatusCode::OK, name.to_owned(), TEXT)
        }
        Path::Reason(uuid) => {
            let uuid = key(uuid)?;
            judged(shared, place, &uuid, HANG_UP_GRACE).await?;
            plain(StatusCode::OK, CameTo::of(shared, &uuid)?.reason, TEXT)
        }
        Path::Slot(uuid, name) => {
            let uuid = key(uuid)?;
            judged(shared, place, &uuid, Duration::ZERO).await?;
            let slots = CameTo::of(shared, &uuid)?.slots;
            let name = percent_decode_str(name).decode_utf8_lossy();
            let slot = slots.get(&*name).ok_or(RequestError::NoCall)?;
            plain(StatusCode::OK, slot.value.clone(), TEXT)
        }
        // Only to be posted to.
        Path::Control(..) => return Err(RequestError::NotUnderWay),
    })
}

/// Waits until a call that has been hung up is over; one that seems to run on, for `grace`.
async fn judged(
    shared: &Shared,
    place: &Place,
    uuid: &CallKey,
    grace: Duration,
) -> Result<(), RequestError> {
    let call = call_id::format_uuid(uuid);
    let began = tokio::time::Instant::now();
    while shared.live.runs(&call) {
        let closing = shared.is_closing(uuid);
        if closing && began.elapsed() >= LAST_WORDS {
            return Err(RequestError::NotJudged);
        }
        if !closing && began.elapsed() >= grace {
            break;
        }
        // It is no idle connection: others make place for a new one first.
        place.asks();
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// What a dialplan asks for.
struct CameTo {
    outcome: Option<Outcome>,
    /// Empty while the call runs.
    reason: String,
    slots: BTreeMap<String, SlotValue>,
}

impl CameTo {
    /// Of a call that runs or ended, whatever is registered for the next with its UUID.
    fn of(shared: &Shared, uuid: &CallKey) -> Result<Self, RequestError> {
        if let Some(call) = shared.live.call(&call_id::format_uuid(uuid)) {
            return Ok(Self {
                outcome: call.outcome,
                reason: String::new(),
                slots: call.slots,
            });
        }
        let result = shared.result(uuid).ok_or(RequestError::NoCall)?;
        Ok(Self {
            outcome: result.outcome,
            reason: result.reason,
            slots: result.slots,
        })
    }
}

/// What is known of a call: the latest.
#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Known {
    Registered(CallData),
    Live(LiveCall),
    Ended(CallResult),
}

impl Known {
    fn of(shared: &Shared, uuid: &CallKey) -> Result<Self, RequestError> {
        let live = shared
            .live
            .call(&call_id::format_uuid(uuid))
            .map(Self::Live);
        live.or_else(|| shared.registered(uuid).map(Self::Registered))
            .or_else(|| shared.result(uuid).map(Self::Ended))
            .ok_or(RequestError::NoCall)
    }
}

fn register(shared: &Shared, uuid: CallKey, body: &[u8]) -> Result<Response<Body>, RequestError> {
    let call = call_id::format_uuid(&uuid);
    let data = CallData::parse(body)?;
    if shared.live.call(&call).is_some() {
        return Err(RequestError::UnderWay);
    }
    let replaced = shared.register(uuid, data)?;
    let status = if replaced {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok(json_of(
        status,
        &json!({"call": call, "status": "registered"}),
    ))
}

fn events(shared: &Arc<Shared>, place: &Arc<Place>) -> Result<Response<Body>, RequestError> {
    let listening = place.listen().ok_or(RequestError::Listeners)?;
    let stream = EventStream::start(shared, listening);
    let mut response = Response::new(Either::Right(stream));
    with_header(&mut response, CONTENT_TYPE, "text/event-stream");
    with_header(&mut response, CACHE_CONTROL, "no-store");
    Ok(response)
}

/// The whole body, if it is short enough and comes in time.
async fn body(request: Request<Incoming>, limit: Duration) -> Result<Vec<u8>, RequestError> {
    let mut body = request.into_body();
    if body.size_hint().lower() > MAX_SKIPPED_BYTES as u64 {
        return Err(RequestError::TooLarge);
    }
    let read = async {
        let mut bytes = Vec::new();
        let mut skipped = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| RequestError::Broken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            // Most clients read no answer before they have sent all: a body somewhat too long is read, and forgotten.
            if skipped == 0 && bytes.len() + data.len() <= MAX_BODY_BYTES {
                bytes.extend_from_slice(&data);
            } else {
                skipped += data.len();
            }
            if skipped > MAX_SKIPPED_BYTES {
                break;
            }
        }
        match skipped {
            0 => Ok(bytes),
            _ => Err(RequestError::TooLarge),
        }
    };
    tokio::time::timeout(limit, read)
        .await
        .unwrap_or(Err(RequestError::Late))
}

fn key(uuid: &str) -> Result<CallKey, RequestError> {
    call_id::parse_uuid(uuid).ok_or_else(|| RequestError::Uuid(shortened(uuid)))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn json_of(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_string(value) {
        Ok(text) => plain(status, text + "\n", JSON),
        // None of our types can do that.
        Err(error) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            error.to_string() + "\n",
            TEXT,
        ),
    }
}

fn refusal(error: &RequestError, body: String, kind: &'static str) -> Response<Body> {
    let mut response = plain(error.status(), body, kind);
    match error {
        RequestError::Token => with_header(&mut response, WWW_AUTHENTICATE, "Bearer"),
        RequestError::Method { allowed, .. } => with_header(&mut response, ALLOW, allowed),
        RequestError::Late | RequestError::TooLarge | RequestError::Broken => {
            with_header(&mut response, CONNECTION, "close");
        }
        _ => {}
    }
    response
}

fn plain(status: StatusCode, body: String, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(body))));
    *response.status_mut() = status;
    with_header(&mut response, CONTENT_TYPE, kind);
    // Texts of calls are nobody else's to keep.
    with_header(&mut response, CACHE_CONTROL, "no-store");
    response
}

fn with_header(response: &mut Response<Body>, name: hyper::header::HeaderName, text: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_whole_or_nothing() {
        assert_eq!(Path::of("/calls"), Some(Path::Calls));
        assert_eq!(Path::of("/calls/events"), Some(Path::Events));
        assert_eq!(Path::of("/calls/x/slots/day"), Some(Path::Slot("x", "day")));
        for path in [
            "",
            "calls",
            "//calls",
            "/calls/",
            "/calls/x/slots/day/more",
            "/calls/x/slots",
            "/metrics/x",
            "*",
        ] {
            let known = Path::of(path);
            assert!(
                known.is_none() || known == Some(Path::Call("")),
                "{path}: {known:?}"
            );
        }
    }
}
