//! What a worker knows of its sends sooner than the database does, in a file of its own, so that its death leaves few doubts.
//!
//! A notice is *asked* for before its intent is committed, *begun* before its first byte leaves, *ended* as soon as it is known
//! how it ended. A killed worker's file outlives it in the operating system's hands. The next worker on this machine reads it: what
//! ended is settled as it ended, what was never begun goes back to the queue, and only what was begun and did not end is in doubt.
//! Without the file, all that lies between the commit of the intent and that of the end would be.
//!
//! The file's lock says that its worker lives. Nothing is synced to the disk: where the machine itself went down, which the number
//! of its start tells, a line that is missing says nothing (see `read`). A folder holds the journals of one database.

pub(super) mod read;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::crash;
use crate::domain::id::NoticeKey;
use crate::domain::notice::Notice;
use crate::store::rows::Verdict;
use read::Remains;

/// Of files that hold lines; a file under another name is being made.
const SUFFIX: &str = "sends";
const SUFFIX_NEW: &str = "new";
/// Bytes after which the lines of what has ended are left behind: a new file takes the old one's place.
const BYTES_MAX: usize = 256 * 1024;
/// After this time a file that was being made belongs to nobody.
const MAKING_MAX: Duration = Duration::from_secs(60);
/// Files that this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);
/// The shape of the lines.
const FORMAT: u32 = 1;

/// A try: no two have the same fence.
type Try = (NoticeKey, i32);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    /// The first line.
    Opened {
        format: u32,
        boot: Option<Cow<'a, str>>,
    },
    Asked {
        fence: i32,
        notice: Cow<'a, Notice>,
    },
    Begun {
        fence: i32,
        key: NoticeKey,
    },
    Ended {
        fence: i32,
        key: NoticeKey,
        verdict: Cow<'a, Verdict>,
    },
    /// There is nothing to be known of it here any more.
    Settled {
        fence: i32,
        key: NoticeKey,
    },
}

impl Line<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("plain data with text keys");
        bytes.push(b'\n');
        bytes
    }
}

/// A worker's journal. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    open: Option<Arc<Open>>,
}

#[derive(Debug)]
struct Open {
    folder: PathBuf,
    /// Tells one start of the machine from another; `None` where the system does not say.
    boot: Option<String>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// Made with the first line.
    page: Option<Page>,
    /// The lines of the tries whose end the database does not know yet.
    tries: BTreeMap<Try, Vec<u8>>,
    /// A line could not be written, and the file could not be emptied: what it says of these tries is not to be relied on.
    is_spoilt: bool,
}

#[derive(Debug)]
struct Page {
    /// Holds the lock.
    file: File,
    path: PathBuf,
    /// Bytes in the file; 0: not even the first line.
    length: usize,
}

/// The file of a worker that lives no more.
#[derive(Debug)]
pub(super) struct Abandoned {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
    pub(super) remains: Vec<Remains>,
}

impl Journal {
    /// A journal in a folder on a local disk, which is made if it is not there. Workers of one database may share it.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let boot = boot();
        if boot.is_none() {
            tracing::info!(
                "this machine does not number its starts: what a lost worker never began to send is in doubt as well"
            );
        }
        Ok(Self { open: Some(Arc::new(Open { folder: folder.to_owned(), boot, book: Mutex::default() })) })
    }

    /// The intent of this notice is about to be asked for.
    pub(super) fn asked(&self, notice: &Notice, fence: i32) {
        let Some(open) = &self.open else { return };
        let line = Line::Asked { fence, notice: Cow::Borrowed(notice) };
        open.book().add_try(open, (notice.key, fence), &line.bytes());
        crash::point("journal.asked");
    }

    /// Its first byte is about to leave. False: the file says otherwise and cannot be mended, so nothing may leave.
    pub(super) fn begun(&self, key: NoticeKey, fence: i32) -> bool {
        let Some(open) = &self.open else { return true };
        let mut book = open.book();
        book.add((key, fence), &Line::Begun { fence, key });
        let may_leave = !(book.is_spoilt && book.tries.contains_key(&(key, fence)));
        drop(book);
        crash::point("journal.begun");
        may_leave
    }

    /// It is known how it ended.
    pub(super) fn ended(&self, key: NoticeKey, fence: i32, verdict: &Verdict) {
        let Some(open) = &self.open else { return };
        open.book().add((key, fence), &Line::Ended { fence, key, verdict: Cow::Borrowed(verdict) });
        crash::point("journal.ended");
    }

    /// The database knows how it ended, or it is another worker's.
    pub(super) fn forget(&self, key: NoticeKey, fence: i32) {
        if let Some(open) = &self.open {
            open.book().forget((key, fence), &Line::Settled { fence, key });
        }
    }

    /// Whether this very try is under way here: then no older file knows better.
    pub(super) fn is_under_way(&self, key: NoticeKey, fence: i32) -> bool {
        self.open.as_ref().is_some_and(|open| open.book().tries.contains_key(&(key, fence)))
    }

    /// Where journals are that may belong to workers that live no more, the oldest first.
    pub(super) fn others(&self) -> BTreeSet<PathBuf> {
        let Some(open) = &self.open else { return BTreeSet::new() };
        let own = open.book().page.as_ref().map(|page| page.path.clone());
        let listed =
            std::fs::read_dir(&open.folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
        let mut paths: BTreeSet<PathBuf> = listed.unwrap_or_else(|error| {
            tracing::warn!(%error, "journals could not be looked for");
            BTreeSet::new()
        });
        paths.retain(|path| own.as_ref() != Some(path));
        paths
    }

    /// A file whose worker lives no more; it is locked until it is dropped.
    pub(super) fn abandoned(&self, path: &Path) -> Option<Abandoned> {
        let open = self.open.as_ref()?;
        let found = taken(path, open.boot.as_deref());
        found.inspect_err(|error| tracing::debug!(%error, "a journal cannot be read")).unwrap_or_default()
    }

    /// Removes the file if it holds nothing that the database does not know. Nothing may be under way any more.
    pub(super) fn close(&self) {
        let Some(open) = &self.open else { return };
        let mut book = open.book();
        if book.tries.is_empty()
            && let Some(page) = book.page.take()
        {
            let _ = std::fs::remove_file(&page.path);
        }
    }

    /// Lets go of the file as the operating system does for a killed worker: for tests, in which workers die and the process does
    /// not.
    #[doc(hidden)]
    pub fn abandon(&self) {
        if let Some(open) = &self.open
            && let Some(page) = &open.book().page
        {
            let _ = page.file.unlock();
        }
    }
}

impl Open {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first_line(&self) -> Vec<u8> {
        Line::Opened { format: FORMAT, boot: self.boot.as_deref().map(Cow::Borrowed) }.bytes()
    }
}

impl Book {
    /// A line of a try that stands here.
    fn add(&mut self, id: Try, line: &Line<'_>) {
        let bytes = line.bytes();
        if self.tries.contains_key(&id) && self.write(&bytes) {
            self.tries.entry(id).or_default().extend(bytes);
        }
    }

    fn forget(&mut self, id: Try, line: &Line<'_>) {
        if self.tries.remove(&id).is_some() {
            self.write(&line.bytes());
        }
    }

    /// The first line of a try, and of the file if it has none.
    fn add_try(&mut self, open: &Open, id: Try, line: &[u8]) {
        if self.is_spoilt {
            self.empty();
        }
        if self.is_spoilt {
            return;
        }
        let Some(page) = &self.page else {
            match Page::made(&open.folder, &[&open.first_line(), line].concat()) {
                Ok(page) => {
                    self.page = Some(page);
                    self.tries.insert(id, line.to_vec());
                }
                Err(error) => tracing::warn!(%error, "no journal: a worker's death would leave more doubts"),
            }
            return;
        };
        let (length, live) = (page.length, self.tries.values().map(Vec::len).sum::<usize>());
        if length > BYTES_MAX.max(2 * live)
            && let Err(error) = self.turn_over(open)
        {
            tracing::warn!(%error, "the journal grows: it could not be begun anew");
        }
        let first = if length == 0 { open.first_line() } else { Vec::new() };
        if self.write(&[&first, line].concat()) {
            self.tries.insert(id, line.to_vec());
        }
    }

    /// False: it could not be written, and the file is emptied: then it says nothing of any try.
    fn write(&mut self, bytes: &[u8]) -> bool {
        let Some(page) = self.page.as_mut().filter(|_| !self.is_spoilt) else { return false };
        if let Err(error) = page.file.write_all(bytes) {
            tracing::warn!(%error, "the journal cannot be written: a worker's death would leave more doubts");
            self.empty();
            return false;
        }
        page.length += bytes.len();
        true
    }

    fn empty(&mut self) {
        let Some(page) = &mut self.page else { return };
        let emptied = page.file.set_len(0);
        self.is_spoilt = emptied.is_err();
        match emptied {
            Ok(()) => {
                page.length = 0;
                self.tries.clear();
            }
            Err(error) => tracing::error!(%error, "the journal cannot be emptied: what it says is not to be relied on"),
        }
    }

    /// Goes on in a new file, which holds the lines of what has not ended.
    fn turn_over(&mut self, open: &Open) -> io::Result<()> {
        let Some(old) = &mut self.page else { return Ok(()) };
        let mut lines = open.first_line();
        self.tries.values().for_each(|of_one| lines.extend_from_slice(of_one));
        let new = Page::made(&open.folder, &lines)?;
        // Two files that say the same do no harm. But the old one must not go on saying it, for nothing is added to it any more.
        if let Err(error) = old.file.set_len(0) {
            if new.file.set_len(0).is_err() && std::fs::remove_file(&new.path).is_err() {
                // Locked for as long as we live, nobody believes it.
                std::mem::forget(new.file);
            }
            return Err(error);
        }
        let old = std::mem::replace(old, new);
        let _ = std::fs::remove_file(&old.path);
        Ok(())
    }
}

impl Page {
    /// A file with these bytes. It bears another name until it is locked, so that nobody takes it for a dead worker's.
    fn made(folder: &Path, bytes: &[u8]) -> io::Result<Self> {
        // One process's names are in the order of their making, and so are they read.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{number:010}-{}", Uuid::new_v4().simple());
        let (making, path) = (folder.join(&name).with_extension(SUFFIX_NEW), folder.join(&name).with_extension(SUFFIX));
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&making)?;
        let result = file.lock().and_then(|()| file.write_all(bytes)).and_then(|()| std::fs::rename(&making, &path));
        if let Err(error) = result {
            let _ = std::fs::remove_file(&making);
            return Err(error);
        }
        Ok(Self { file, path, length: bytes.len() })
    }
}

/// The file there, if it is a journal and its worker lives no more.
fn taken(path: &Path, boot: Option<&str>) -> io::Result<Option<Abandoned>> {
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    let (Some(SUFFIX | SUFFIX_NEW), Ok(mut file)) = (suffix, OpenOptions::new().read(true).write(true).open(path))
    else {
        return Ok(None);
    };
    // Held by a living worker.
    if file.try_lock().is_err() {
        return Ok(None);
    }
    if suffix == Some(SUFFIX_NEW) {
        if file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > MAKING_MAX) {
            std::fs::remove_file(path)?;
        }
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(Abandoned { path: path.to_owned(), _file: file, remains: read::remains(&bytes, boot) }))
}

impl Abandoned {
    /// All that it says is done.
    pub(super) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "a lost worker's journal cannot be removed");
        }
    }
}

/// The number of the machine's start, by which Linux tells one from another.
fn boot() -> Option<String> {
    let number = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(number.trim().to_owned()).filter(|number| !number.is_empty())
}
