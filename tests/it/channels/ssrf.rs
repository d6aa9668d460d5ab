//! Addresses that must stay out of reach, given as the target of every sort of webhook that we have: not one connection is
//! opened, in whatever spelling, by whatever name, and by whatever redirect. Real listeners on this machine count.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use doorstep::channel::hook::{self, Hook};
use doorstep::channel::{SendError, email, sms};
use doorstep::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{Asked, class, email, text};
use crate::servers::http::{Act, Server};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// This machine and its neighbours, in every spelling that a URL allows.
const HOSTS: [&str; 56] = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0177.1",
    "127.0.0.1.",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "0",
    "0.0.0.0",
    "0x0",
    "00000000",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "lOcAlHoSt.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:1::1]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "10.0.0.1",
    "0xa000001",
    "172.16.0.1",
    "192.168.0.1",
    "192.168.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "[::ffff:a9fe:a9fe]",
    "168.63.129.16",
];

/// What is said where an address is not dialled.
const GUARDED: &str = "the address is private";

/// How a name of this machine is refused: by the guard if it leads anywhere; a name that nobody knows leads to nothing that
/// could be dialled.
async fn refusal_of(name: &str, port: u16) -> &'static str {
    let found = tokio::net::lookup_host((name, port)).await.is_ok_and(|mut found| found.next().is_some());
    if found { GUARDED } else { "could not connect" }
}

/// Listens everywhere on this machine at one port, and counts who comes.
struct Ears {
    port: u16,
    heard: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Ears {
    async fn new() -> Self {
        let first = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut ears = Self { port, heard: Arc::default(), tasks: Vec::new() };
        ears.listen(first);
        // A machine without IPv6 has one way in less.
        if let Ok(second) = TcpListener::bind(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port)).await {
            ears.listen(second);
        }
        ears
    }

    fn listen(&mut self, listener: TcpListener) {
        let heard = Arc::clone(&self.heard);
        self.tasks.push(tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                heard.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }
}

/// Somewhere that we are told to connect to.
#[derive(Debug, Clone, Copy)]
enum Place {
    Sms,
    AlertWebhook,
    AlertChat,
}

impl Place {
    const ALL: [Self; 3] = [Self::Sms, Self::AlertWebhook, Self::AlertChat];

    /// Sets the place up, and sends; the error in words.
    async fn try_it(self, url: &str, more: &Value) -> Result<(), String> {
        let clock = Clock::simulated("2026-11-21T12:00:00Z".parse().unwrap());
        let mut settings = match self {
            Self::Sms | Self::AlertWebhook => json!({"transport": "webhook", "url": url, "secrets": [SECRET]}),
            Self::AlertChat => json!({"transport": "slack", "url": url}),
        };
        settings["timeout_ms"] = json!(3000);
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        let words = |error: SendError| error.to_string();
        match self {
            Self::Sms => {
                let settings: sms::Settings = serde_json::from_value(settings).unwrap();
                let sender = sms::Sender::new(&settings, clock).map_err(|error| error.to_string())?;
                sender.send(&sender.seal(&text()).unwrap(), Asked::granting()).await.map(drop).map_err(words)
            }
            Self::AlertWebhook | Self::AlertChat => {
                let settings: hook::Settings = serde_json::from_value(settings).unwrap();
                let hook = Hook::new(&settings, clock).map_err(|error| error.to_string())?;
                hook.send(Uuid::nil(), Bytes::from_static(b"{}"), Asked::granting()).await.map_err(words)
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_of_a_private_address_opens_a_connection() {
    let ears = Ears::new().await;
    for place in Place::ALL {
        for host in HOSTS {
            for scheme in ["https", "http"] {
                let url = format!("{scheme}://{host}:{}/hook", ears.port);
                let refused = place.try_it(&url, &json!({"allow_http": true})).await.unwrap_err();
                // An address is refused in our own words: it was never dialled, whether or not somebody listens there.
                let is_name = host.to_ascii_lowercase().starts_with("localhost");
                let wanted = if is_name { refusal_of(host, ears.port).await } else { GUARDED };
                assert!(refused.contains(wanted), "{place:?} {url}: {refused}");
            }
        }
    }
    assert_eq!(ears.heard(), 0, "somebody was let through");
    // The ears do hear: where the operator permits it, they are reached.
    for place in Place::ALL {
        let url = format!("http://127.0.0.1:{}/hook", ears.port);
        let permitted = json!({"allow_private": true, "timeout_ms": 200});
        let _ = place.try_it(&url, &permitted).await;
    }
    assert_eq!(ears.heard(), 3);
}

/// A machine's own name leads to an address of its own network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_home_is_not_followed() {
    let ears = Ears::new().await;
    let own = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let known = ["localhost", "ip6-localhost", "ip6-loopback", "localhost.localdomain", own.trim()];
    for name in known.into_iter().filter(|name| !name.is_empty()) {
        for place in Place::ALL {
            let url = format!("https://{name}:{}/hook", ears.port);
            let refused = place.try_it(&url, &json!({})).await.unwrap_err();
            let wanted = refusal_of(name, ears.port).await;
            assert!(refused.contains(wanted), "{place:?} {name}: {refused}");
        }
    }
    assert_eq!(refusal_of("localhost", ears.port).await, GUARDED, "one name at least leads home");
    assert_eq!(ears.heard(), 0);
}

/// A receiver that is permitted may not send us on to one that is not; the same for the mail provider, whose address is the
/// operator's own choice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_is_followed() {
    let ears = Ears::new().await;
    let targets = [
        format!("http://127.0.0.1:{}/", ears.port),
        format!("http://[::1]:{}/", ears.port),
        format!("//localhost:{}/", ears.port),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ];
    for code in [301, 302, 303, 307, 308] {
        for target in &targets {
            let server = Server::start().await;
            let answer = Act::Answer(code, format!("location: {target}\r\n"), String::new());
            server.rule(move |_| Some(answer.clone()));
            for place in Place::ALL {
                let refused = place.try_it(&server.url("/hook"), &json!({"allow_private": true})).await.unwrap_err();
                assert!(refused.contains("redirect"), "{place:?}: {refused}");
            }
            let settings = json!({"transport": "http", "url": server.url("/emails"), "token": "re_123"});
            let provider = email::Sender::new(&serde_json::from_value(settings).unwrap(), Clock::database()).unwrap();
            let result = provider.send(&provider.seal(&email(1)).unwrap(), Asked::granting()).await;
            assert_eq!(class(&result), ("fault", Some(code)));
            assert_eq!(server.seen().len(), 4, "one request each");
        }
    }
    assert_eq!(ears.heard(), 0);
}

/// Links, pictures and tracking pages come from data; none of them is ever fetched, since nothing but the channels can
/// connect to anywhere.
#[test]
fn only_the_channels_can_connect() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap_or_default();
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            let ways = ["Client::builder", "Client::new", "reqwest::get", "TcpStream::connect", "UnixStream::connect"];
            if ways.iter().any(|way| code.contains(way)) {
                found.push(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    // HTTP, guarded, and the mail server of the operator's choice. (Broker and database connect by their own libraries.)
    assert_eq!(found, ["channel/email/wire.rs", "channel/http.rs"]);
}
