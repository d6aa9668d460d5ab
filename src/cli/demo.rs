//! `doorstep demo`: a simulated shop's week in about a minute, with pages to look at. Nothing has to be installed, and nothing
//! leaves this machine.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::{Extension, Router};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Ending;
use super::out::Out;
use super::simulate::{self, Arriving};
use crate::alerting;
use crate::app::parts::Parts;
use crate::app::voices::Speaking;
use crate::channel::{capture, email, hook, sms};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::brands::Voices;
use crate::content::Counts;
use crate::ingest::{Apply, Incoming};
use crate::link::{self, Links};
use crate::store::{self, Store};
use crate::voice::Problem;
use crate::voice::brand::Brand;
use crate::web::care::fact::Facts;
use crate::web::demo::Demo;
use crate::web::form::Forms;
use crate::web::ops::lanes::Lanes;
use crate::web::ops::people::Entrance;
use crate::web::ops::{self, Ops, Parts as OpsParts};
use crate::web::peer::Networks;
use crate::web::server::Peer;

/// How to show it.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep demo
  doorstep demo --for 60s --port 8090
  doorstep demo --speed 1440 --orders 12 --seed 3     a day in a minute

Everything lives in a temporary folder and goes away with it. The pages are served to this machine alone.")]
pub struct Args {
    /// How many orders
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub orders: u32,
    /// Names the week: the same seed, the same week
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Simulated seconds in a second; 10080 is a week in a minute
    #[arg(long, default_value_t = 10_080, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub speed: u32,
    /// The page's port; a free one is chosen if it is taken
    #[arg(long, default_value_t = 8070)]
    pub port: u16,
    /// Stop by itself after this time, such as 60s or 5m
    #[arg(long = "for", value_name = "TIME", value_parser = parse_length)]
    pub length: Option<Duration>,
}

/// How often the simulated clock moves.
const STEP: Duration = Duration::from_millis(50);
/// The most that it moves at once, so that what is due in between comes at its time on a slow machine too.
const STEP_MAX: SignedDuration = SignedDuration::from_mins(10);
/// Orders are placed within these days, so that most parcels arrive within the week.
const DAYS: u16 = 3;
/// How long open pages have to finish when the demo stops.
const GOODBYE: Duration = Duration::from_secs(2);

const BRANDS: [(&str, &str); 2] = [
    ("harbour", include_str!("../../templates/brand/harbour.toml")),
    ("kettle", include_str!("../../templates/brand/kettle.toml")),
];

fn parse_length(text: &str) -> Result<Duration, String> {
    let length: SignedDuration = text.parse().map_err(|_| "a length of time, such as 60s or 5m".to_owned())?;
    Duration::try_from(length).map_err(|_| "a length of time that is not negative".to_owned())
}

/// Shows the demo until Ctrl-C, SIGTERM or the end of `--for`.
///
/// # Errors
/// When the temporary folder, the database or the port cannot be had.
pub async fn run(args: &Args, out: &Out) -> anyhow::Result<Ending> {
    let folder = tempfile::Builder::new().prefix("doorstep-demo.").tempdir().context("making a temporary folder")?;
    let stop = CancellationToken::new();
    let story = story(args)?;
    let ends =
        (story.first().map_or(Timestamp::UNIX_EPOCH, |one| one.at), story.last().map_or(Timestamp::MAX, |one| one.at));
    let listener = listen(args.port).await?;
    let address = listener.local_addr().context("asking for the page's address")?;
    let links = links(address)?;
    let parts = open(folder.path(), ends.0, links.clone()).await?;
    let pace = format!("{} simulated minutes a second", f64::from(args.speed) / 60.0);
    let messages = folder.path().join("messages");
    let demo =
        Demo::new(parts.store.clone(), messages.clone(), brand_names()?, ends, pace, links.clone(), stop.clone());
    let console = console(&parts, messages, &stop);
    // People fill in forms by their own clock, also when the story is over and its clock stands still.
    let forms = Forms::new(links.clone(), Clock::database(), Networks::default());
    let facts = Facts { decoder: Arc::clone(&parts.decoder), hinge: parts.hinge.clone() };
    let counter = crate::app::Counter { forms: forms.clone(), counts: Counts::default(), facts, tells: false };
    let customers = crate::app::customers(&parts.store, &parts.voices, counter, stop.clone());
    let ways = (&sms::Settings::Capture(capture::Settings { dir: folder.path().join("codes") }), &Default::default());
    let customers = customers.merge(crate::app::wishes(ways, &parts.store, &parts.voices, forms)?);

    greet(args, address, folder.path(), out)?;
    let closing = stop.clone();
    let pages = axum::serve(listener, Arc::clone(&demo).router().merge(console).merge(customers))
        .with_graceful_shutdown(async move { closing.cancelled().await })
        .into_future();
    let pages = tokio::spawn(pages);

    let mut player = tokio::spawn(play(Player { parts, demo, story, speed: args.speed, stop: stop.clone() }));
    let played = tokio::select! {
        // It ends before its time only when something went wrong.
        played = &mut player => played,
        over = wait_for_the_end(args.length) => {
            over?;
            stop.cancel();
            player.await
        }
    };
    stop.cancel();
    let played = played.context("the player stopped in the middle")?;
    if let Ok(served) = tokio::time::timeout(GOODBYE, pages).await {
        served.context("the pages stopped in the middle")?.context("serving the pages")?;
    }
    out.say("Stopped; the temporary folder is gone.")?;
    played.map(|()| Ending::Done)
}

/// The ops console, open to whoever sits at this machine: nobody else reaches the demo's port.
fn console(parts: &Parts, messages: PathBuf, stop: &CancellationToken) -> Router {
    let parts = OpsParts {
        entrance: Entrance::open_to_this_machine(),
        store: parts.store.clone(),
        decoder: Arc::clone(&parts.decoder),
        hinge: parts.hinge.clone(),
        policies: parts.voices.policies(),
        messages: Some(messages),
        lanes: Lanes::of(parts.lanes.clone(), parts.store.clock().clone()),
        fresh_for: ops::FRESH_FOR,
    };
    let peer = Extension(Peer(Ipv4Addr::LOCALHOST.into()));
    Ops::new(parts, stop.clone()).routes().layer(peer)
}

/// Links to this demo, under a secret that goes away with it.
fn links(address: SocketAddr) -> anyhow::Result<Links> {
    let secret = uuid::Uuid::new_v4().simple().to_string();
    Ok(Links::new(&format!("http://{address}"), &[SecretString::from(secret)])?)
}

fn story(args: &Args) -> anyhow::Result<Vec<Arriving>> {
    let mut story = simulate::stream(&simulate::Args {
        orders: args.orders,
        seed: args.seed,
        start: "2026-11-02T00:00:00Z".parse().context("the first Monday of the story")?,
        days: DAYS,
        end: None,
        brands: BRANDS.map(|(name, _)| name.to_owned()).to_vec(),
    })?;
    // The simulated shops have no pages of their own to lead to: every message leads to the order's page here.
    for one in &mut story {
        if let Some(links) = one.event.pointer_mut("/data/order/links").and_then(Value::as_object_mut) {
            links.remove("order");
        }
    }
    Ok(story)
}

fn brands() -> anyhow::Result<BTreeMap<String, Brand>> {
    BRANDS
        .iter()
        .map(|(name, text)| {
            let brand = toml::from_str::<Brand>(text).with_context(|| format!("the brand {name}"))?;
            Ok(((*name).to_owned(), brand))
        })
        .collect()
}

fn brand_names() -> anyhow::Result<BTreeMap<String, String>> {
    Ok(brands()?.into_iter().map(|(id, brand)| (id, brand.name)).collect())
}

/// The worker's parts on the embedded database, a simulated clock and captured messages.
async fn open(folder: &Path, start: Timestamp, links: Links) -> anyhow::Result<Parts> {
    let dir = folder.join("messages");
    let alerts = hook::Settings::Capture(capture::Settings { dir: folder.join("alerts") });
    let targets = [("files".to_owned(), alerts)].into();
    let config = Config {
        database: store::Settings::at(format!("sqlite:{}", folder.join("demo.db").display())),
        voice: Voices { default_brand: BRANDS[0].0.to_owned(), folder: None },
        brands: brands()?,
        alerts: alerting::settings::Settings { targets, ..Default::default() },
        // Where there are pages, customers are asked how it went.
        links: link::Settings { base_url: links.base_url().to_owned(), ..Default::default() },
        email: email::Settings::Capture(capture::Settings { dir: dir.clone() }),
        sms: sms::Settings::Capture(capture::Settings { dir }),
        ..Config::default()
    };
    let speaking = Speaking::load(&config).map_err(|problems| anyhow::anyhow!(Problem::in_lines(&problems)))?;
    let store = Store::open(&config.database, Clock::simulated(start)).await.context("opening the database")?;
    store.migrate().await.context("making the tables")?;
    Parts::new(&config, store, speaking, Some(links))
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(here(port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(here(0)).await.context("finding a free port for the pages"),
    }
}

fn greet(args: &Args, address: SocketAddr, folder: &Path, out: &Out) -> anyhow::Result<()> {
    out.object(&serde_json::json!({ "address": format!("http://{address}/"), "folder": folder }))?;
    out.say(format!(
        "A simulated shop with two brands and {} orders, at {} simulated minutes a second. Facts arrive late, twice and out \
         of order,\nas they would from a shop and its carriers. Nothing leaves this machine: each mail and text is kept to be \
         looked at.\n\n  Orders and messages:  http://{address}/\n  The ops console:      http://{address}/ops\n  The files themselves:  {}\n",
        args.orders,
        f64::from(args.speed) / 60.0,
        folder.display(),
    ))?;
    let end = match args.length {
        Some(length) => format!("Stops by itself after {} s, or with Ctrl-C.", length.as_secs()),
        None => "Stop with Ctrl-C.".to_owned(),
    };
    Ok(out.say(end)?)
}

async fn wait_for_the_end(length: Option<Duration>) -> anyhow::Result<()> {
    let over = async {
        match length {
            Some(length) => tokio::time::sleep(length).await,
            None => std::future::pending().await,
        }
    };
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        () = over => Ok(()),
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

/// Moves the clock and lets happen what is due.
struct Player {
    parts: Parts,
    demo: Arc<Demo>,
    story: Vec<Arriving>,
    speed: u32,
    stop: CancellationToken,
}

async fn play(mut player: Player) -> anyhow::Result<()> {
    let clock = player.parts.store.clock().clone();
    let mut story = std::mem::take(&mut player.story).into_iter().peekable();
    let mut ticks = tokio::time::interval(STEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let moved = SignedDuration::try_from(STEP * player.speed).unwrap_or(STEP_MAX).min(STEP_MAX);
    let mut idle_since = None;
    loop {
        tokio::select! {
            () = player.stop.cancelled() => return Ok(()),
            _ = ticks.tick() => clock.advance(moved),
        }
        let now = clock.now();
        let mut arrived: Vec<Arriving> = Vec::new();
        while let Some(one) = story.next_if(|one| one.at <= now) {
            arrived.push(one);
        }
        let (facts, orders) = (arrived.len() as u64, orders_of(&arrived));
        let happened = player.happen(arrived).await?;
        if facts > 0 {
            player.demo.heard(facts, orders);
        } else if happened {
            player.demo.changed();
        }
        // The last parcels' messages may wait for the morning: a day without anything is the end.
        match (story.peek(), facts > 0 || happened, idle_since) {
            (None, false, None) => idle_since = Some(now),
            (None, false, Some(since)) if now.duration_since(since) > SignedDuration::from_hours(48) => break,
            (None, false, Some(_)) => {}
            (_, _, _) => idle_since = None,
        }
    }
    player.demo.ended();
    // What visitors ask for on the pages is still answered; the clock stands.
    loop {
        tokio::select! {
            () = player.stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(STEP * 10) => {}
        }
        if player.happen(Vec::new()).await? {
            player.demo.changed();
        }
    }
}

impl Player {
    /// Takes in what arrived, and sends what is due; says whether anything was sent or looked at.
    async fn happen(&self, arrived: Vec<Arriving>) -> anyhow::Result<bool> {
        if !arrived.is_empty() {
            let bytes = arrived.iter().map(|one| one.event.to_string().into_bytes());
            let batch: Vec<Incoming> = bytes.map(|bytes| self.parts.decoder.structured("file", bytes)).collect();
            self.parts.hinge.apply(batch).await.context("taking events in")?;
        }
        let ticked = self.parts.timers.run_due().await.context("looking at orders again")?;
        let sent = self.parts.dispatcher.run_due().await.context("sending what is due")?;
        Ok(ticked + sent > 0)
    }
}

/// The orders that these events name.
fn orders_of(arrived: &[Arriving]) -> Vec<crate::domain::id::OrderKey> {
    let key = |event: &Value| {
        let (brand, order) = (event["brand"].as_str()?, event["subject"].as_str()?);
        crate::domain::id::OrderKey::from_stored(format!("{brand}/{order}"))
    };
    arrived.iter().filter_map(|one| key(&one.event)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::BrandId;
    use crate::domain::stage::Stage;

    #[tokio::test]
    async fn the_demo_asks_how_it_went_since_it_has_pages() {
        let folder = tempfile::tempdir().expect("a folder");
        let links = links(SocketAddr::from((Ipv4Addr::LOCALHOST, 8070))).expect("links");
        let parts = open(folder.path(), Timestamp::UNIX_EPOCH, links).await.expect("the parts fit");
        for (brand, _) in BRANDS {
            let policy = parts.voices.policies().of(&BrandId::new(brand));
            assert!(policy.stages.get(&Stage::Feedback).is_some_and(|rule| !rule.channels.is_empty()), "{brand}");
        }
    }
}
