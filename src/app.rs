//! The worker: builds the parts from the configuration, starts the loops, and stops them in order.
//!
//! It stops as the data flows: first the entrances, each finishing what it has in hand; then the timers; then the dispatcher,
//! which lets what is being sent come to its end; then what reports on it all; then the database.

mod chores;
pub mod parts;
pub mod relay;
pub mod voices;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::apply::Hinge;
use crate::channel::broker::Publisher;
use crate::channel::{email, sms};
use crate::clock::Clock;
use crate::config::Config;
use crate::consent;
use crate::content::Counts;
use crate::ingest::amqp::Consumer;
use crate::ingest::decode::Decoder;
use crate::ingest::gather::Gatherer;
use crate::link::Links;
use crate::store::{Mask, Store, StoreError};
use crate::telemetry;
use crate::voice::Problem;
use crate::web::callback::Callbacks;
use crate::web::care::api::Api;
use crate::web::care::fact::Facts;
use crate::web::care::{Care, Parts as CareParts};
use crate::web::content::Content;
use crate::web::door::Door;
use crate::web::form::Forms;
use crate::web::health::{Health, Part};
use crate::web::ops::lanes::Lanes;
use crate::web::ops::people::Entrance;
use crate::web::ops::{self, Ops, Parts as OpsParts};
use crate::web::place::{Parts as PlaceParts, Place};
use crate::web::token::Tokens;
use crate::web::wishes::Wishes;
use crate::web::{Settings as WebSettings, server};
use parts::Parts;
use voices::{Speaking, Voices};

/// How long requests under way may take after the stop was asked for.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long sends under way may take after the entrances are shut. Together with the rest it stays below the 30 s after which
/// service managers lose their patience.
const LAST_SENDS: Duration = Duration::from_secs(15);
/// How long the whole stop may take.
const STOP_MAX: Duration = Duration::from_secs(28);
/// How long a database that is not there yet is waited for at the start.
const STORE_PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two questions whether it is.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Runs the worker until SIGTERM or SIGINT. `file` is read again when brands are reloaded.
///
/// # Errors
/// When the worker cannot start: a setting, the database, the schema or the port. A worker that has started does not fail; it
/// reconnects, and says in `/readyz` what it lacks.
pub async fn run(config: Config, file: Option<PathBuf>) -> anyhow::Result<()> {
    let signals = Signals::listen().context("listening for signals")?;
    let speaking = Speaking::load(&config)
        .map_err(|problems| anyhow::anyhow!(Problem::in_lines(&problems)).context("the brands"))?;
    let links = Links::open(&config.links)?;
    let tokens = Tokens::read(&config.http)?;
    let networks = config.http.networks()?;
    let entrance = Entrance::read(&config.ops)?;
    let store = open_store(&config).await?;
    let parts = Parts::new(&config, store, speaking, links.clone())?;
    patiently("looking for silent feeds", || parts.announcer.listen()).await?;
    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| format!("listening on http.listen = {}", config.http.listen))?;
    let forms = links.map(|links| Forms::new(links, parts.store.clock().clone(), networks));
    let worker = Worker::start(&config, file, parts, (forms, entrance), tokens, listener)?;
    tracing::info!(http = %config.http.listen, amqp = config.amqp.is_on(), "ready");
    signals.wait().await;
    worker.stop().await;
    Ok(())
}

/// Opens the database, waits for it if it is not there yet, and brings it to this version.
async fn open_store(config: &Config) -> anyhow::Result<Store> {
    if let Some(folder) = config.data_folder() {
        std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    let mask = Mask::open(&config.consent.secret_files)?;
    let store = Store::open(&config.database, Clock::database()).await.context("opening the database")?.masked(mask);
    // As long as it takes once the database answers: an index on a big table may take longer than the patience.
    let brought_up = async || {
        store.ping().await?;
        store.migrate().await?;
        store.check_schema().await
    };
    patiently("bringing the database to this version", brought_up).await?;
    Ok(store)
}

/// Does what the start needs of the database, and waits where the database is away.
async fn patiently<T>(doing: &'static str, work: impl AsyncFn() -> Result<T, StoreError>) -> anyhow::Result<T> {
    let mut patience = std::pin::pin!(tokio::time::sleep(STORE_PATIENCE));
    loop {
        let error = match work().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if error.is_unavailable() {
            tracing::warn!(error = &error as &dyn std::error::Error, "waiting for the database");
            tokio::select! {
                biased;
                () = &mut patience => {}
                () = tokio::time::sleep(STORE_PAUSE) => continue,
            }
        }
        return Err(error).context(doing);
    }
}

/// What the customers' side is made of beside the store and the voices.
pub(crate) struct Counter {
    pub(crate) forms: Forms,
    pub(crate) counts: Counts,
    pub(crate) facts: Facts,
    /// Whether programs are told what customers say.
    pub(crate) tells: bool,
}

/// Where the links in messages lead.
pub(crate) fn customers(store: &Store, voices: &Voices, counter: Counter, stop: CancellationToken) -> Router {
    let Counter { forms, counts, facts, tells } = counter;
    let (links, store) = (forms.links().clone(), store.clone());
    let (voice, default_brand, policies) = (voices.voice(), voices.default_brand().clone(), voices.policies());
    let content = Content::new(Arc::clone(&voice), counts.clone());
    let parts = PlaceParts { store: store.clone(), links, voice: Arc::clone(&voice), default_brand, policies, counts };
    let place = Place::new(parts, stop);
    let care = Care::new(CareParts { place: place.clone(), store, facts, forms, voice, tells });
    place.routes().merge(care.routes()).merge(content.routes())
}

/// The page of wishes. Its codes go out by a way of their own, since the dispatcher's carries notices alone.
pub(crate) fn wishes(
    (sms, consent): (&sms::Settings, &consent::settings::Settings),
    store: &Store,
    voices: &Voices,
    forms: Forms,
) -> anyhow::Result<Router> {
    let sms = sms::Sender::new(sms, store.clock().clone()).context("section sms")?;
    Ok(Wishes::new(store.clone(), forms, voices.speaker(None), sms, consent).routes())
}

/// The running loops, in the order in which they stop.
struct Worker {
    store: Store,
    /// Shuts the entrances.
    entrances: CancellationToken,
    entrance_tasks: Vec<JoinHandle<()>>,
    gatherer: (CancellationToken, JoinHandle<()>),
    timers: (CancellationToken, JoinHandle<()>),
    dispatcher: (CancellationToken, JoinHandle<()>),
    /// What reports: outcome events, alerts, figures.
    aside: CancellationToken,
    aside_tasks: Vec<JoinHandle<()>>,
}

impl Worker {
    fn start(
        config: &Config,
        file: Option<PathBuf>,
        parts: Parts,
        (forms, entrance): (Option<Forms>, Option<Entrance>),
        tokens: Tokens,
        listener: TcpListener,
    ) -> anyhow::Result<Self> {
        let Parts { store, voices, decoder, hinge, timers, dispatcher, lanes, announcer } = parts;
        let (entrances, aside) = (CancellationToken::new(), CancellationToken::new());
        let mut entrance_tasks = Vec::new();
        let mut health = vec![database_part(&store)];
        if let Some(consumer) = consumer(config, &store, &decoder, &hinge)? {
            health.push(broker_part(&consumer));
            entrance_tasks.push(tokio::spawn(consumer.run(entrances.clone())));
        }

        let facts = Facts { decoder: Arc::clone(&decoder), hinge: hinge.clone() };
        let ops = entrance.map(|entrance| {
            let lanes = Lanes::of(lanes.clone(), store.clock().clone());
            console(config, (entrance, lanes), (&store, &facts), &voices, entrances.clone())
        });
        let callbacks = Callbacks::new(store.clone(), hinge.clone(), Arc::clone(&decoder), &config.consent)?.routes();
        let gathering = CancellationToken::new();
        let (gatherer, gathers) = Gatherer::new(hinge, gathering.clone());
        let (gatherer_task, counts) = (tokio::spawn(gathers), Counts::default());
        let (tells, api_tokens) = (config.tells_outcomes(), tokens.clone());
        let mut router = Door::new(Arc::clone(&decoder), gatherer, tokens, config.http.clone())
            .routes()
            .merge(Api::new(store.clone(), api_tokens, tells).routes())
            .merge(Health::new(health, telemetry::render).routes())
            .merge(callbacks);
        if let Some(forms) = forms {
            router = router.merge(wishes((&config.sms, &config.consent), &store, &voices, forms.clone())?);
            entrance_tasks.push(tokio::spawn(chores::finish(store.clone(), facts.clone(), entrances.clone())));
            let counter = Counter { forms, counts: counts.clone(), facts, tells };
            router = router.merge(customers(&store, &voices, counter, entrances.clone()));
        }
        router = router.merge(ops.unwrap_or_default());
        entrance_tasks.push(tokio::spawn(serve(listener, router, config.http.clone(), entrances.clone())));
        let policies = voices.policies();
        entrance_tasks.push(tokio::spawn(voices.follow(config.clone(), file, decoder, entrances.clone())));

        let (timing, sending) = (CancellationToken::new(), CancellationToken::new());
        let timers_task = tokio::spawn(timers.run(timing.clone()));
        let dispatcher_task = tokio::spawn(dispatcher.run(sending.clone(), LAST_SENDS));

        let mut aside_tasks = vec![
            tokio::spawn(chores::look(store.clone(), aside.clone())),
            tokio::spawn(lanes.run(store.clone(), aside.clone())),
            tokio::spawn(announcer.run(aside.clone())),
            tokio::spawn(counts.run(store.clone(), aside.clone())),
            tokio::spawn(chores::watch(store.clone(), policies, tells, aside.clone())),
            tokio::spawn(chores::tidy(store.clone(), config.retention.clone(), aside.clone())),
        ];
        if tells {
            aside_tasks.push(tokio::spawn(relay::run(store.clone(), publisher(config), aside.clone())));
        }
        Ok(Self {
            store,
            entrances,
            entrance_tasks,
            gatherer: (gathering, gatherer_task),
            timers: (timing, timers_task),
            dispatcher: (sending, dispatcher_task),
            aside,
            aside_tasks,
        })
    }

    /// Stops in the order of the data's flow.
    async fn stop(self) {
        tracing::info!("stopping");
        let orderly = async {
            self.entrances.cancel();
            for task in self.entrance_tasks {
                ended(task).await;
            }
            for (token, task) in [self.gatherer, self.timers, self.dispatcher] {
                token.cancel();
                ended(task).await;
            }
            self.aside.cancel();
            for task in self.aside_tasks {
                ended(task).await;
            }
            self.store.close().await;
        };
        match tokio::time::timeout(STOP_MAX, orderly).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!("stopped before everything had ended: leases run out, and others see to the rest"),
        }
    }
}

/// The ops console over what the worker itself works with.
fn console(
    config: &Config,
    (entrance, lanes): (Entrance, Lanes),
    (store, facts): (&Store, &Facts),
    voices: &Voices,
    stop: CancellationToken,
) -> Router {
    let (store, Facts { decoder, hinge }) = (store.clone(), facts.clone());
    let (policies, messages, fresh_for) = (voices.policies(), captured_to(config), ops::FRESH_FOR);
    let parts = OpsParts { entrance, store, decoder, hinge, policies, messages, lanes, fresh_for };
    Ops::new(parts, stop).routes()
}

/// What listens to the broker, where there is one.
fn consumer(
    config: &Config,
    store: &Store,
    decoder: &Arc<Decoder>,
    hinge: &Hinge,
) -> anyhow::Result<Option<Consumer<Hinge>>> {
    let clock = store.clock().clone();
    let listens = config.amqp.is_on();
    let open = || Consumer::new(config.amqp.clone(), Arc::clone(decoder), hinge.clone(), clock);
    Ok(listens.then(open).transpose()?)
}

fn publisher(config: &Config) -> Publisher {
    let amqp = config.amqp.clone();
    let address = move || amqp.address().map_err(|wrong| wrong.to_string());
    Publisher::new(config.outcomes.publisher(), address)
}

/// Waits for a loop's end. One that panicked has said so in the log; the others still stop in order.
async fn ended(task: JoinHandle<()>) {
    if task.await.is_err() {
        tracing::error!("a loop had ended before it was asked to");
    }
}

async fn serve(listener: TcpListener, router: axum::Router, settings: WebSettings, stop: CancellationToken) {
    server::serve(listener, router, &settings, stop, LAST_REQUESTS).await;
}

/// Where mails are captured instead of sent; `None`: they leave the house.
fn captured_to(config: &Config) -> Option<PathBuf> {
    match &config.email {
        email::Settings::Capture(settings) => Some(settings.dir.clone()),
        email::Settings::Smtp(_) | email::Settings::Http(_) => None,
    }
}

fn database_part(store: &Store) -> Part {
    let store = store.clone();
    Part::new("database", move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|error| error.to_string()) }
    })
}

fn broker_part(consumer: &Consumer<Hinge>) -> Part {
    let health = consumer.health();
    Part::new("broker", move || {
        let health = Arc::clone(&health);
        async move {
            let trouble = || health.trouble().unwrap_or_else(|| "not connected yet".to_owned());
            if health.is_up() { Ok(()) } else { Err(trouble()) }
        }
    })
}

/// What asks the worker to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
