//! The way to the broker, which tests can cut or freeze.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Connections made under an older number are cut.
    era: u64,
    /// Nothing passes, and nobody is told.
    frozen: bool,
}

/// Forwards to the broker.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) addr: SocketAddr,
    state: watch::Sender<State>,
}

impl Proxy {
    pub(crate) async fn to(broker: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State { era: 0, frozen: false });
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(forward(socket, broker.clone(), seen.clone()));
            }
        });
        Self { addr, state }
    }

    /// Cuts every connection there is; new ones work.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| *state = State { era: state.era + 1, frozen: false });
    }

    /// Lets nothing pass any more, on open connections and on new ones, until they are cut.
    pub(crate) fn freeze(&self) {
        self.state.send_modify(|state| state.frozen = true);
    }
}

async fn forward(mut near: TcpStream, broker: String, mut state: watch::Receiver<State>) {
    let era = state.borrow_and_update().era;
    let mut far = TcpStream::connect(broker).await.unwrap();
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let now = *state.borrow_and_update();
        if now.era != era {
            return;
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            read = near.read(&mut up), if !now.frozen => match read {
                Ok(bytes @ 1..) if far.write_all(&up[..bytes]).await.is_ok() => {}
                _ => return,
            },
            read = far.read(&mut down), if !now.frozen => match read {
                Ok(bytes @ 1..) if near.write_all(&down[..bytes]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}
