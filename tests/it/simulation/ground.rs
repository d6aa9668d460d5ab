//! Where stories are told: a database and connections to it, which one story leaves to the next.

use std::path::{Path, PathBuf};

use doorstep::clock::Clock;
use doorstep::store::{Settings, Store};
use tempfile::TempDir;

use super::eyes::Eyes;

/// Machines in a story, at most.
pub(super) const MACHINES_MAX: usize = 3;

/// Told on by one story after the other: opening a file and preparing all statements is dear beside a short story.
pub(super) struct Ground {
    pub(super) store: Store,
    /// Each machine's own connections.
    pub(super) machines: Vec<Store>,
    pub(super) eyes: Eyes,
    /// Tables with rows that belong to the schema.
    keep: Vec<String>,
    folder: TempDir,
}

impl Ground {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Self::laid())
    }

    async fn laid() -> Self {
        let folder = folder();
        let path = folder.path().join("world.db");
        let store = opened(&path).await;
        store.migrate().await.expect("a new file takes the schema");
        Eyes::prepare(&path).await;
        let mut machines = Vec::new();
        for _ in 0..MACHINES_MAX {
            machines.push(opened(&path).await);
        }
        let mut eyes = Eyes::open(&path).await;
        Self { store, machines, keep: eyes.filled().await, eyes, folder }
    }

    /// As if nothing had ever happened here.
    pub(super) async fn clear(&mut self) {
        self.eyes.clear(&self.keep).await;
        let _ = std::fs::remove_dir_all(self.journals());
    }

    pub(super) fn journals(&self) -> PathBuf {
        self.folder.path().join("journals")
    }
}

async fn opened(path: &Path) -> Store {
    let url = format!("sqlite:{}", path.display());
    Store::open(&Settings::at(url), Clock::database()).await.expect("the file opens")
}

/// A folder that is gone after a crash as well: memory, where the machine has such a folder.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}
