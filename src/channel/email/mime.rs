//! A mail as SMTP carries it: headers, a plain part and an HTML part. The same message makes the same bytes, always:
//! everything that is usually random or a clock's is made from the notice's key and the time of its planning.

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use super::address;
use super::encode::{Headers, body};
use crate::channel::{Mail, Message, SendError};

/// Writes the mail.
///
/// # Errors
/// [`SendError::Never`] when the sender's, reply-to or recipient's address cannot stand in a mail.
pub(in crate::channel) fn write(message: &Message, mail: &Mail) -> Result<Vec<u8>, SendError> {
    let mut out = Vec::with_capacity(2048 + mail.html.len() + mail.html.len() / 8 + mail.text.len() * 2);
    headers(&mut out, message, mail)?;
    let boundary = boundary(message);
    for (kind, text) in [("plain", &mail.text), ("html", &mail.html)] {
        out.extend_from_slice(format!("\r\n--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n").as_bytes());
        body(&mut out, text);
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// `=_` stands in no quoted-printable or base64 line, so no body can hold the boundary.
fn boundary(message: &Message) -> String {
    format!("=_{}", message.key.0.simple())
}

fn headers(out: &mut Vec<u8>, message: &Message, mail: &Mail) -> Result<(), SendError> {
    let from = address::parse(&mail.from)?;
    let to = address::parse(message.to.expose())?;
    let mut headers = Headers::new(out);
    headers.mailbox("From", &mail.from_name, &from.to_string());
    headers.mailbox("To", mail.to_name.expose(), &to.to_string());
    if let Some(reply_to) = &mail.reply_to {
        headers.mailbox("Reply-To", &mail.from_name, &address::parse(reply_to)?.to_string());
    }
    headers.text("Subject", &mail.subject);
    let date = message.planned_at.to_zoned(TimeZone::UTC);
    let date = rfc2822::to_string(&date).expect("a year between 0 and 9999 has an RFC 2822 form");
    headers.text("Date", &date);
    headers.tokens("Message-ID", &[&format!("<{}@{}>", message.key, from.domain)]);
    for (name, value) in extra(message, mail) {
        let tokens: Vec<&str> = value.split(' ').collect();
        headers.tokens(name, &tokens);
    }
    headers.tokens("MIME-Version", &["1.0"]);
    let boundary = format!("boundary=\"{}\"", boundary(message));
    headers.tokens("Content-Type", &["multipart/alternative;", &boundary]);
    Ok(())
}

/// The headers that go with a mail on every way out, SMTP or HTTP; each value is ASCII without line ends.
pub(super) fn extra(message: &Message, mail: &Mail) -> Vec<(&'static str, String)> {
    let thread = id(&mail.thread_id);
    let brand = message.order.brand();
    let mut headers = Vec::with_capacity(8);
    if !mail.starts_thread {
        headers.push(("In-Reply-To", format!("<{thread}>")));
    }
    // The first mail refers to the thread as well: that is what joins it with those that follow.
    headers.push(("References", format!("<{thread}>")));
    headers.push(("Auto-Submitted", "auto-generated".to_owned()));
    let https = mail.unsubscribe_url.as_deref().filter(|url| url.starts_with("https://"));
    let mailto = mail.unsubscribe_mailto.as_deref().map(|mailto| match mailto.strip_prefix("mailto:") {
        Some(_) => mailto.to_owned(),
        None => format!("mailto:{mailto}"),
    });
    let ways: Vec<String> =
        https.into_iter().chain(mailto.as_deref()).map(|url| format!("<{}>", url_token(url))).collect();
    if !ways.is_empty() {
        headers.push(("List-Unsubscribe", ways.join(", ")));
    }
    if https.is_some() {
        headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    headers.push(("Feedback-ID", format!("{}:{}:transactional:doorstep", message.about(), id(brand.as_str()))));
    // Mails of one order belong together; without it some programs fold what merely looks alike.
    headers.push(("X-Entity-Ref-ID", thread));
    headers
}

/// Makes a text fit to be (part of) an id: visible ASCII without what ids may not hold.
fn id(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '-' }).collect()
}

/// Makes a URL fit to stand between `<` and `>`: what may not stand there is percent-encoded.
fn url_token(url: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const CLOSED: &AsciiSet = &CONTROLS.add(b' ').add(b'<').add(b'>').add(b'"').add(b',');
    utf8_percent_encode(url, CLOSED).to_string()
}
