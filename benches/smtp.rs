//! How many mails a second go out over SMTP, to a sink in the same process: `cargo bench --bench smtp`.
//!
//! The goal is 2,000 a second of about 40 KB, rendering aside. Client and sink share the machine, so a figure here is lower
//! than what the client alone could do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use doorstep::channel::email::{Sender, Settings};
use doorstep::channel::{Content, Intent, Mail, Message, Sealed};
use doorstep::clock::Clock;
use doorstep::domain::id::{BrandId, NoticeKey, OrderId, OrderKey};
use doorstep::domain::person::{Pii, Role};
use doorstep::domain::stage::Stage;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Size of the HTML part.
const HTML_BYTES: usize = 40_000;
/// Each figure is measured for at least as long.
const ENOUGH: Duration = Duration::from_secs(2);

struct Granted;

impl Intent for Granted {
    async fn commit(self) -> bool {
        true
    }
}

fn message() -> Message {
    let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new("A-1042"));
    let row = "<tr><td style=\"padding:0 24px;font-family:Inter,Arial\">Lniany fartuch – żółty, sztuk 2</td></tr>\n";
    let mail = Mail {
        from_name: "Harbour Goods".to_owned(),
        from: "orders@harbour.example".to_owned(),
        reply_to: None,
        to_name: Pii::new("Zofia Żółć".to_owned()),
        subject: "Twoja paczka jest już w drodze".to_owned(),
        html: row.repeat(HTML_BYTES / row.len()),
        text: "Twoja paczka jest już w drodze.\n".repeat(20),
        thread_id: "a-1042@harbour.example".to_owned(),
        starts_thread: true,
        unsubscribe_url: None,
        unsubscribe_mailto: None,
    };
    Message {
        key: NoticeKey::new(&order, &["shipped"]),
        order,
        shipment: None,
        stage: Some(Stage::Shipped),
        role: Role::Customer,
        locale: "pl".to_owned(),
        planned_at: "2026-11-21T09:30:00Z".parse().expect("a time"),
        to: Pii::new("zofia@example.com".to_owned()),
        content: Content::Email(Box::new(mail)),
    }
}

/// Takes every mail on one thread of its own.
fn sink() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream));
            }
        });
    });
    port
}

async fn take(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink\r\n").await?;
    let (mut unread, mut in_body) = (Vec::with_capacity(1 << 17), false);
    while stream.read_buf(&mut unread).await? > 0 {
        let mut answers = Vec::new();
        loop {
            if in_body {
                if !unread.ends_with(b"\r\n.\r\n") {
                    break;
                }
                unread.clear();
                in_body = false;
                answers.extend_from_slice(b"250 taken\r\n");
            }
            let Some(end) = unread.iter().position(|&byte| byte == b'\n') else { break };
            let line: Vec<u8> = unread.drain(..=end).collect();
            in_body = line.starts_with(b"DATA");
            answers.extend_from_slice(match line.get(..4) {
                Some(b"EHLO") => b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                Some(b"DATA") => b"354 go on\r\n",
                _ => b"250 ok\r\n",
            });
        }
        stream.write_all(&answers).await?;
    }
    Ok(())
}

fn sender(port: u16, connections: usize) -> Sender {
    let settings = serde_json::json!({
        "transport": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "connections": connections,
        "mails_per_connection": 1000,
    });
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    Sender::new(&settings, Clock::database()).expect("a sender")
}

/// Sends in slices until enough time has passed; gives back mails per second.
async fn rate(at_once: usize, sender: &Sender, sealed: impl Fn() -> Sealed) -> f64 {
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < ENOUGH {
        let sends = stream::iter(0..500).map(|_| async { sender.send(&sealed(), Granted).await });
        let results: Vec<_> = sends.buffer_unordered(at_once).collect().await;
        assert!(results.iter().all(Result::is_ok), "the sink takes everything");
        sent += results.len();
    }
    f64::from(u32::try_from(sent).expect("fewer than billions")) / began.elapsed().as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a bench says its figures")]
fn main() {
    let message = Arc::new(message());
    let port = sink();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let one = sender(port, 1);
        let bytes = one.seal(&message).expect("a mail").bytes.len();
        let (began, mut sealed) = (Instant::now(), 0_u32);
        while began.elapsed() < ENOUGH {
            one.seal(&message).expect("a mail");
            sealed += 1;
        }
        let each = began.elapsed() / sealed;
        println!("seal, {bytes} bytes of MIME: {} µs each", each.as_micros());
        for connections in [1, 8, 32] {
            let sender = sender(port, connections);
            let ready = sender.seal(&message).expect("a mail");
            let kept = rate(connections, &sender, || ready.clone()).await;
            let whole = rate(connections, &sender, || sender.seal(&message).expect("a mail")).await;
            println!("{connections:2} connections: {kept:6.0} mails/s sealed before, {whole:6.0} mails/s sealed anew");
        }
    });
}
