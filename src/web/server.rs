//! The accept loop: limits on connections, on the time that headers take, and an end in order. `axum::serve` sets none of them.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Incoming;
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
    let room = std::sync::Arc::new(Semaphore::new(usize::from(settings.connections_max.get())));
    let header_timeout = Duration::from_secs(u64::from(settings.header_timeout_secs.get()));
    loop {
        // Room first: connections that find none wait in the system's own queue, and cost nothing.
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let service = (service.clone(), peer);
                tokio::spawn(converse(stream, service, header_timeout, graceful.watcher(), place));
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
    room: &std::sync::Arc<Semaphore>,
) -> std::io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let place = std::sync::Arc::clone(room).acquire_owned().await.expect("nobody closes this semaphore");
    let (stream, peer) = listener.accept().await?;
    // Answers are small and awaited.
    stream.set_nodelay(true)?;
    Ok((stream, Peer(peer.ip()), place))
}

async fn converse(
    stream: TcpStream,
    (service, peer): (TowerToHyperService<Router>, Peer),
    header_timeout: Duration,
    graceful: Watcher,
    place: OwnedSemaphorePermit,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_LIFE_MAX, graceful.watch(connection)).await {
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
