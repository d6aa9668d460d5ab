//! The brands that speak now, and how a new set takes their place while the worker runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::apply::Policies;
use crate::config::Config;
use crate::config::brands::House;
use crate::dispatch::speaker::Speaker;
use crate::domain::id::BrandId;
use crate::domain::policy::Policy;
use crate::ingest::decode::Decoder;
use crate::link::Links;
use crate::telemetry::{self, Reload};
use crate::voice::{Problem, Voice};

/// How long a folder must be quiet before it is read: editors and deployments write several files one after the other.
const QUIET: Duration = Duration::from_millis(500);

/// A whole set of brands, read and compiled.
pub struct Speaking {
    /// The brands as the operator wrote them.
    pub house: House,
    /// Their templates and words, compiled.
    pub voice: Voice,
    /// Whether customers have pages.
    pages: bool,
}

impl Speaking {
    /// Reads and compiles the brands of `config`.
    ///
    /// # Errors
    /// Everything that is wrong: nothing of the set may speak then.
    pub fn load(config: &Config) -> Result<Self, Vec<Problem>> {
        let house = config.house_flaws().map_err(|flaws| flaws.into_iter().map(Problem::from).collect::<Vec<_>>())?;
        let voice = Voice::load(&house.sources)?;
        Ok(Self { house, voice, pages: config.has_pages() })
    }

    fn policies(&self) -> BTreeMap<BrandId, Arc<Policy>> {
        let policy = |id: &BrandId| Some((id.clone(), Arc::new(self.voice.policy(id)?.clone().with_pages(self.pages))));
        self.voice.brands().filter_map(policy).collect()
    }
}

impl std::fmt::Debug for Speaking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speaking").field("house", &self.house).finish_non_exhaustive()
    }
}

/// The set that speaks now. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Voices {
    voice: Arc<ArcSwap<Voice>>,
    policies: Arc<ArcSwap<BTreeMap<BrandId, Arc<Policy>>>>,
    /// Speaks for brands that are not configured. Another default is taken up by a restart alone, since stored events carry
    /// the name of the one that they came under.
    default: BrandId,
}

impl std::fmt::Debug for Voices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voices").field("default", &self.default).finish_non_exhaustive()
    }
}

impl Voices {
    /// Begins with `speaking`.
    pub fn new(speaking: Speaking) -> Self {
        let policies = Arc::new(ArcSwap::from_pointee(speaking.policies()));
        let default = speaking.house.default;
        Self { voice: Arc::new(ArcSwap::from_pointee(speaking.voice)), policies, default }
    }

    /// What messages are made with.
    pub fn speaker(&self, links: Option<Links>) -> Speaker {
        Speaker { voice: Arc::clone(&self.voice), default_brand: self.default.clone(), links }
    }

    /// The voice, always the one that speaks at the time of asking.
    pub fn voice(&self) -> Arc<ArcSwap<Voice>> {
        Arc::clone(&self.voice)
    }

    /// The brand that speaks for those that are not configured.
    pub fn default_brand(&self) -> &BrandId {
        &self.default
    }

    /// The policies, always those of the set that speaks at the time of asking.
    pub fn policies(&self) -> Policies {
        let Self { policies, default, .. } = self.clone();
        Policies::new(move |brand| {
            let now = policies.load();
            let policy = now.get(brand).or_else(|| now.get(&default));
            Arc::clone(policy.expect("a set without the default is never let in"))
        })
    }

    /// Tries the set that the configuration describes now, and lets it speak if all of it passes.
    pub fn reload(&self, file: Option<&PathBuf>, decoder: &Decoder) {
        let config = match Config::load(file.map(PathBuf::as_path)) {
            Ok(config) => config,
            Err(wrong) => {
                telemetry::voice_reload(Reload::Refused);
                tracing::error!(error = &wrong as &dyn std::error::Error, "brands stay as they are");
                return;
            }
        };
        let tried = Speaking::load(&config).and_then(|speaking| {
            let mut problems = speaking.voice.check();
            if speaking.house.default != self.default {
                let (brand, place) = (self.default.as_str().to_owned(), "voice.default_brand".to_owned());
                let (what, how_to_mend) = ("cannot change while the worker runs".to_owned(), "restart it".to_owned());
                problems.push(Problem { brand, place, stage: None, locale: None, sample: None, what, how_to_mend });
            }
            if problems.is_empty() { Ok(speaking) } else { Err(problems) }
        });
        match tried {
            Ok(speaking) => {
                decoder.set_brands(speaking.house.for_decoder());
                self.policies.store(Arc::new(speaking.policies()));
                self.voice.store(Arc::new(speaking.voice));
                telemetry::voice_reload(Reload::Taken);
                tracing::info!("brands were reloaded");
            }
            Err(problems) => {
                telemetry::voice_reload(Reload::Refused);
                for problem in &problems {
                    tracing::error!(%problem, "brands stay as they are");
                }
            }
        }
    }

    /// Reloads on SIGHUP, and when something below the brands' folder or the file itself changes, until `stop`.
    pub async fn follow(self, config: Config, file: Option<PathBuf>, decoder: Arc<Decoder>, stop: CancellationToken) {
        let (changed, mut changes) = mpsc::channel::<()>(1);
        let _watcher = watch(&config, file.as_ref(), &changed);
        let mut hang_up = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
            Ok(signal) => signal,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot listen for SIGHUP");
                return;
            }
        };
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = hang_up.recv() => {}
                _ = changes.recv() => {
                    // Each further change begins the quiet time anew.
                    while tokio::time::timeout(QUIET, changes.recv()).await.is_ok_and(|change| change.is_some()) {
                        if stop.is_cancelled() {
                            return;
                        }
                    }
                }
            }
            let (voices, file, decoder) = (self.clone(), file.clone(), Arc::clone(&decoder));
            // Rendering every sample takes a second or two of computing: not on a thread that serves.
            let tried = tokio::task::spawn_blocking(move || voices.reload(file.as_ref(), &decoder));
            tokio::select! {
                biased;
                // What is being tried comes to its end by itself, and is taken or not; nobody waits for it any more.
                () = stop.cancelled() => return,
                tried = tried => {
                    if tried.is_err() {
                        tracing::error!("the reload did not end: brands stay as they are");
                    }
                }
            }
        }
    }
}

/// Watches what the brands are made of. Without a watcher, as in some containers, SIGHUP still works.
fn watch(config: &Config, file: Option<&PathBuf>, changed: &mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let (changed, name) = (changed.clone(), file.and_then(|file| file.file_name()).map(ToOwned::to_owned));
    let brands = config.voice.folder.as_ref().and_then(|folder| folder.canonicalize().ok());
    let tell = move |event: notify::Result<notify::Event>| {
        // The file's folder may hold logs and databases as well, which change all the time.
        let is_ours = |path: &PathBuf| {
            brands.as_ref().is_some_and(|brands| path.starts_with(brands)) || path.file_name() == name.as_deref()
        };
        if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(is_ours)) {
            // A full room means that a reload is on its way already.
            let _ = changed.try_send(());
        }
    };
    let watched = notify::recommended_watcher(tell).and_then(|mut watcher| {
        if let Some(folder) = &config.voice.folder {
            // By its own name, so that what is reported can be told from the file's folder.
            watcher.watch(&folder.canonicalize().unwrap_or_else(|_| folder.clone()), RecursiveMode::Recursive)?;
        }
        if let Some(file) = file {
            // The file's folder: editors put a new file in the old one's place.
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            watcher.watch(folder.unwrap_or_else(|| std::path::Path::new(".")), RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    });
    watched
        .inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, "changes of brands are not seen"))
        .ok()
}
