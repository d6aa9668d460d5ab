//! Throws the well-known collections of nasty JSON, addresses, numbers and strings at the decoder. Started by `tests/naughty`;
//! mutated input for everything that reads what strangers write is `tests/fuzz`.
//!
//! What must hold for any input: no panic, an answer within a second, a refusal that names a place, and what is taken reads
//! back from what is stored as the same event.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use doorstep::ingest::Incoming;
use doorstep::ingest::binary::Attributes;
use doorstep::ingest::decode::{Brands, Decoder, Limits, decode_stored};
use serde_json::{Value, json};

/// An answer that takes longer is a finding. Generous for a busy machine: a good one takes 20 µs.
const ANSWER_MAX: Duration = Duration::from_secs(1);

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["corpus", folder] => corpus(Path::new(folder)),
        _ => bail!("hostile corpus FOLDER"),
    }
}

fn decoder() -> Decoder {
    Decoder::new(Limits::default(), Brands::any("harbour"))
}

fn say(text: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("standard output is gone")
}

/// Decodes in every way there is, checks what must hold, and says whether it was taken in structured mode.
fn judge(decoder: &Decoder, bytes: &[u8]) -> anyhow::Result<bool> {
    let began = Instant::now();
    let structured = decoder.structured("fuzz", bytes.to_vec());
    let mut attributes = Attributes::default();
    for (name, value) in [("specversion", "1.0"), ("id", "b"), ("source", "s"), ("time", "2026-11-03T10:11:12Z")] {
        attributes.push(name, value);
    }
    attributes.push("type", "shipment.delivered");
    let binary = decoder.binary("fuzz", &attributes, bytes.to_vec());
    // Whatever comes, it is an answer: the result itself does not matter here.
    let _read = decode_stored(bytes);
    ensure!(began.elapsed() < ANSWER_MAX, "took {:?}", began.elapsed());
    check(&binary)?;
    check(&structured)
}

fn check(incoming: &Incoming) -> anyhow::Result<bool> {
    match incoming {
        Incoming::Event { arrival, event } => {
            let again = decode_stored(&arrival.raw).context("what was taken cannot be read back")?;
            ensure!(again == **event, "what was taken reads back as something else");
            Ok(true)
        }
        Incoming::UnknownType { arrival } => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&arrival.raw).context("what is stored is not json")?;
            Ok(true)
        }
        Incoming::Refused(refused) => {
            let named = refused.reason.split_once(": ").is_some_and(|(place, _)| !place.is_empty());
            ensure!(named && refused.reason.len() < 600, "the reason names no place: {}", refused.reason);
            Ok(false)
        }
    }
}

fn json_file(folder: &Path, name: &str) -> anyhow::Result<Value> {
    let path = folder.join(name);
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not json", path.display()))
}

fn corpus(folder: &Path) -> anyhow::Result<()> {
    json_suite(&folder.join("test_parsing"))?;
    strings(folder)?;
    addresses(folder)?;
    phones(folder)
}

/// The JSON parsing tests: `n_` must be refused, `y_` taken as data of a type that we do not know, `i_` either.
fn json_suite(folder: &Path) -> anyhow::Result<()> {
    let decoder = decoder();
    let (mut files, mut surprises) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path)?;
        judge(&decoder, &bytes).with_context(|| name.clone())?;
        let mut attributes = Attributes::default();
        for (key, value) in [
            ("specversion", "1.0"),
            ("id", "b"),
            ("source", "s"),
            ("time", "2026-11-03T10:11:12Z"),
            ("type", "other.thing"),
        ] {
            attributes.push(key, value);
        }
        let taken = check(&decoder.binary("naughty", &attributes, bytes.clone()))?;
        // Legal JSON that holds NUL is refused all the same: the contract's rule.
        let holds_nul = bytes.windows(7).any(|seven| seven[0] != b'\\' && seven[1..] == *b"\\u0000");
        let blank = bytes.trim_ascii().is_empty();
        let expected = match name.as_bytes() {
            [b'y', ..] => Some(!holds_nul),
            // An event may have no data at all.
            [b'n', ..] => Some(blank),
            _ => None,
        };
        files += 1;
        if expected.is_some_and(|expected| expected != taken) {
            surprises.push(name);
        }
    }
    ensure!(files > 300, "only {files} files: is this the whole collection?");
    ensure!(surprises.is_empty(), "judged otherwise: {surprises:?}");
    say(format_args!("json: {files} files judged as the collection does"))
}

fn paid_with(customer: &Value, title: &str) -> Vec<u8> {
    let order = json!({ "id": "A-1", "customer": customer, "address": { "line1": title, "city": title },
        "items": [{ "title": title, "url": title, "image_url": title }], "links": { "order": title } });
    json!({ "specversion": "1.0", "id": "e", "source": "s", "type": "order.paid", "time": "2026-11-03T10:11:12Z",
        "data": { "order": order } })
    .to_string()
    .into_bytes()
}

/// Strings that break software, as names, titles, streets and links: each is taken, and what is kept is harmless.
fn strings(folder: &Path) -> anyhow::Result<()> {
    let decoder = decoder();
    let all = json_file(folder, "blns.json")?;
    let all: Vec<&str> = all.as_array().context("a list")?.iter().filter_map(Value::as_str).collect();
    let mut refused = 0;
    for text in &all {
        let bytes = paid_with(&json!({ "name": text, "email": "a@customer.example" }), text);
        judge(&decoder, &bytes)?;
        let Incoming::Event { event, .. } = decoder.structured("naughty", bytes) else {
            ensure!(text.contains('\0'), "refused: {}", text.escape_debug());
            refused += 1;
            continue;
        };
        let kept = serde_json::to_value(&event.order_patch.items)?;
        let name =
            event.order_patch.customer.as_ref().and_then(|who| who.name.as_ref()).map(|name| name.expose().as_str());
        let title = kept[0]["title"].as_str();
        let clean =
            |text: Option<&str>| text.is_none_or(|text| !text.contains(char::is_control) && !text.trim().is_empty());
        ensure!(clean(name) && clean(title), "not cleaned: {}", text.escape_debug());
        let url = kept[0]["url"].as_str();
        ensure!(url.is_none_or(|url| url.to_lowercase().starts_with("http")), "a link of another kind: {url:?}");
    }
    say(format_args!("strings: {} as names, titles and links, {refused} refused for NUL, the rest cleaned", all.len()))
}

/// Whether an address stands in what was taken.
fn email_taken(decoder: &Decoder, address: &str) -> anyhow::Result<bool> {
    let bytes = paid_with(&json!({ "email": address, "phone": "+12025550123" }), "x");
    judge(decoder, &bytes)?;
    let Incoming::Event { event, .. } = decoder.structured("naughty", bytes) else { return Ok(false) };
    let email = event.order_patch.customer.and_then(|who| who.email);
    let Some(email) = email else { return Ok(false) };
    let harmless = !email.expose().contains(|c: char| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c));
    ensure!(harmless, "an address that could be more than one: {}", address.escape_debug());
    Ok(true)
}

/// Mail addresses. The sources differ among themselves, so figures are told; what would be harmful is a finding.
fn addresses(folder: &Path) -> anyhow::Result<()> {
    let decoder = decoder();
    let validator = json_file(folder, "email_python_email_validator.json")?;
    for (kind, expected) in [("valid", true), ("invalid", false)] {
        let all = validator[kind].as_array().context("a list")?;
        let addresses: Vec<&str> = all.iter().filter_map(|one| one["address"].as_str()).collect();
        let mut otherwise = Vec::new();
        for address in &addresses {
            if email_taken(&decoder, address)? != expected {
                otherwise.push(*address);
            }
        }
        say(format_args!(
            "e-mail, {kind}: {} of {} judged alike; not: {otherwise:?}",
            addresses.len() - otherwise.len(),
            addresses.len()
        ))?;
    }
    let isemail = json_file(folder, "email_isemail.json")?;
    let all = isemail.as_array().context("a list")?;
    let mut taken = std::collections::BTreeMap::<&str, (u32, u32)>::new();
    for one in all {
        let (address, category) = (one["address"].as_str().context("text")?, one["category"].as_str().context("text")?);
        // Control characters stand there as pictures of themselves.
        let address: String = address
            .chars()
            .map(|c| match u32::from(c) {
                picture @ 0x2400..=0x241f => char::from_u32(picture - 0x2400).unwrap_or(c),
                _ => c,
            })
            .collect();
        let count = taken.entry(category).or_default();
        count.1 += 1;
        count.0 += u32::from(email_taken(&decoder, &address)?);
    }
    for (category, (yes, of)) in taken {
        say(format_args!("e-mail, {category}: {yes} of {of} taken"))?;
    }
    Ok(())
}

/// Telephone numbers of every region: all valid ones are taken, in whatever international form.
fn phones(folder: &Path) -> anyhow::Result<()> {
    let decoder = decoder();
    let all = json_file(folder, "phones_e164.json")?;
    let mut count = 0;
    for one in all.as_array().context("a list")?.iter().filter(|one| one["valid"] == true) {
        for form in ["e164", "international"] {
            let bytes = paid_with(&json!({ "phone": one[form] }), "x");
            let Incoming::Event { event, .. } = decoder.structured("naughty", bytes) else { bail!("refused: {one}") };
            let phone = event.order_patch.customer.and_then(|who| who.phone);
            ensure!(
                phone.as_ref().map(|phone| phone.expose().as_str()) == one["e164"].as_str(),
                "read otherwise: {one}"
            );
            count += 1;
        }
    }
    ensure!(count > 900, "only {count} numbers: is this the whole collection?");
    say(format_args!("phones: {count} numbers read"))
}
