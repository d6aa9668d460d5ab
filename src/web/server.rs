//! The accept loop: limits on connections, on the time that headers take, and an end in order. `axum::serve` sets none of them.
//!
//! Where every place is taken, whoever has waited longest without a request under way must go: sockets that are opened and say
//! nothing, or a byte now and then, keep nobody out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use crate::clock::Stopwatch;
use crate::telemetry;

/// Header lines of a request. Browsers send about 20, proxies add some.
const HEADERS_MAX: usize = 100;
/// Bytes of a request's head, and of the buffer for what is read ahead.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// The longest life of a connection: bounds what a client can hold that reads its answers a byte at a time.
const CONNECTION_LIFE_MAX: Duration = Duration::from_secs(600);
/// The pause after the system refused to accept, as a rule because it has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The other end of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Serves `router` on `listener` until `stop`, and then the requests under way for up to `last_requests`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    stop: CancellationToken,
    last_requests: Duration,
) {
    let service = TowerToHyperService::new(router.layer(axum::middleware::from_fn(observe)));
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(usize::from(settings.connections_max.get())));
    let lobby = Arc::<Lobby>::default();
    let header_timeout = Duration::from_secs(u64::from(settings.header_timeout_secs.get()));
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room, &lobby) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let service = (service.clone(), peer);
                let guest = Guest::new(Arc::clone(&lobby));
                tokio::spawn(converse(stream, service, header_timeout, (graceful.watcher(), guest), place));
            }
            Err(err) => {
                tracing::warn!(error = &err as &dyn std::error::Error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(last_requests, graceful.shutdown()).await.is_err() {
        tracing::warn!("some http requests were still under way at the end");
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    lobby: &Lobby,
) -> std::io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let (stream, peer) = listener.accept().await?;
    // Answers are small and awaited.
    stream.set_nodelay(true)?;
    if room.available_permits() == 0 {
        lobby.show_out();
    }
    // Where all have requests under way, this one waits, and the others in the system's own queue.
    let place = Arc::clone(room).acquire_owned().await.expect("nobody closes this semaphore");
    Ok((stream, Peer(peer.ip()), place))
}

/// The connections without a request under way, by how long they have been waiting.
#[derive(Debug, Default)]
struct Lobby {
    waiting: Mutex<(u64, BTreeMap<u64, CancellationToken>)>,
}

impl Lobby {
    /// Ends the connection that has waited longest, if one waits.
    fn show_out(&self) {
        let (_, waiting) = &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, leave)) = waiting.pop_first() {
            leave.cancel();
        }
    }
}

/// A connection's place among those that wait.
#[derive(Debug)]
struct Guest {
    lobby: Arc<Lobby>,
    leave: CancellationToken,
    turn: Mutex<Option<u64>>,
}

impl Guest {
    /// Waits from now on.
    fn new(lobby: Arc<Lobby>) -> Arc<Self> {
        let guest = Self { lobby, leave: CancellationToken::new(), turn: Mutex::default() };
        guest.wait();
        Arc::new(guest)
    }

    fn wait(&self) {
        let (next, waiting) = &mut *self.lobby.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        waiting.insert(*next, self.leave.clone());
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(*next);
    }

    /// A request is under way.
    fn busy(&self) {
        let (_, waiting) = &mut *self.lobby.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waiting.remove(&turn);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.busy();
    }
}

async fn converse(
    stream: TcpStream,
    (service, peer): (TowerToHyperService<Router>, Peer),
    header_timeout: Duration,
    (graceful, guest): (Watcher, Arc<Guest>),
    place: OwnedSemaphorePermit,
) {
    let leave = guest.leave.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        guest.busy();
        let (answer, guest) = (service.call(request), Arc::clone(&guest));
        async move {
            let answer = answer.await;
            // An answer without an end in sight, such as a page's news, is still under way when its head is made.
            if answer.as_ref().is_ok_and(|answer| answer.body().size_hint().exact().is_some()) {
                guest.wait();
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let life = tokio::time::timeout(CONNECTION_LIFE_MAX, graceful.watch(connection));
    let ended = tokio::select! {
        ended = life => ended,
        () = leave.cancelled() => Ok(Ok(())),
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(err)) => tracing::debug!(error = &err as &dyn std::error::Error, "an http connection ended badly"),
        Err(_) => tracing::debug!("an http connection was too old"),
    }
    drop(place);
}

/// Counts every answer, and keeps browsers from guessing what it is.
async fn observe(request: Request, next: Next) -> Response {
    let began = Stopwatch::start();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    telemetry::http_request(route.as_ref().map(MatchedPath::as_str), response.status().as_u16(), began.elapsed());
    response
}
