//! A peer that falls silent: connections that are neither answered nor closed.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorstep::clock::Clock;
use doorstep::store::{Settings, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::world::Db;

/// Stands between the store and Postgres. Every connection made while `generation` had an older value is dead: what it is told goes
/// nowhere, and it is never closed.
struct Proxy {
    port: u16,
    generation: Arc<AtomicUsize>,
}

impl Proxy {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let generation = Arc::new(AtomicUsize::new(0));
        let current = generation.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (server, current, mine) = (server.clone(), current.clone(), current.load(Ordering::SeqCst));
                tokio::spawn(async move {
                    let far = TcpStream::connect(server).await.unwrap();
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    let one = pump(near_in, far_out, current.clone(), mine);
                    tokio::join!(one, pump(far_in, near_out, current, mine));
                });
            }
        });
        Self { port, generation }
    }

    fn silence(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    current: Arc<AtomicUsize>,
    mine: usize,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        if current.load(Ordering::SeqCst) != mine {
            // Swallowed; the socket stays open.
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_whose_peer_fell_silent_is_replaced() {
    let db = Db::postgres().await;
    let address = db.settings.url.split_once('@').map_or(db.settings.url.as_str(), |(_, rest)| rest);
    let (server, name) = address.split_once('/').unwrap();
    let proxy = Proxy::before(server.to_owned()).await;
    let user = db.settings.url.split("//").nth(1).and_then(|rest| rest.split('@').next()).unwrap();
    let mut settings = Settings::at(format!("postgres://{user}@127.0.0.1:{}/{name}", proxy.port));
    settings.acquire_timeout_secs = NonZeroU32::MIN;
    settings.pool_max = NonZeroU32::MIN;
    let store = Store::open(&settings, Clock::database()).await.unwrap();
    store.ping().await.unwrap();
    proxy.silence();
    for n in 1..=3 {
        let refused = store.ping().await.unwrap_err();
        assert!(refused.is_unavailable(), "ping {n}: {refused:?}");
    }
    store.ping().await.expect("after three failures, new connections are made");
    db.end().await;
}
