//! What a worker knows of its sends sooner than the database does, in a file of its own, so that its death leaves few doubts.
//!
//! A notice is *asked* for before its intent is committed, *begun* before its first byte leaves, *ended* as soon as it is known
//! how it ended. A killed worker's file outlives it in the operating system's hands. The next worker on this machine reads it: what
//! ended is settled as it ended, what was never begun goes back to the queue, and only what was begun and did not end is in doubt.
//! Without the file, all that lies between the commit of the intent and that of the end would be.
//!
//! The file's lock says that its worker lives. Nothing is synced to the disk: where the machine itself went down, which the number
//! of its start tells, a line that is missing says nothing (see [`read`]).

pub(super) mod read;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
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
const BYTES_MAX: usize = 1 << 20;
/// After this time a file that was being made belongs to nobody.
const MAKING_MAX: Duration = Duration::from_secs(60);
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

#[derive(Debug)]
struct Book {
    file: File,
    path: PathBuf,
    /// Bytes in the file; 0: not even the first line.
    length: usize,
    /// The lines of the tries whose end the database does not know yet.
    tries: BTreeMap<Try, Vec<u8>>,
    /// A line could be written in part only, and could not be taken back: what the file says is not to be relied on.
    is_spoilt: bool,
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
    /// Opens a journal in a folder on a local disk, which is made if it is not there. Workers may share it.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (file, path) = made(folder, &[])?;
        let book = Book { file, path, length: 0, tries: BTreeMap::new(), is_spoilt: false };
        Ok(Self { open: Some(Arc::new(Open { folder: folder.to_owned(), boot: boot(), book: Mutex::new(book) })) })
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
        let may_leave = !book.is_spoilt;
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
            open.book().tries.remove(&(key, fence));
        }
    }

    /// The files of workers that live no more. They are locked until they are dropped.
    pub(super) fn abandoned(&self) -> Vec<Abandoned> {
        let Some(open) = &self.open else { return Vec::new() };
        let found = open.look_round().inspect_err(|error| tracing::warn!(%error, "journals could not be looked for"));
        found.unwrap_or_default()
    }

    /// Removes the file if it holds nothing that the database does not know.
    pub(super) fn close(&self) {
        if let Some(open) = &self.open {
            let book = open.book();
            if book.tries.is_empty() {
                let _ = std::fs::remove_file(&book.path);
            }
        }
    }

    /// Lets go of the file as the operating system does for a killed worker: for tests, in which workers die and the process does
    /// not.
    #[doc(hidden)]
    pub fn abandon(&self) {
        if let Some(open) = &self.open {
            let _ = open.book().file.unlock();
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

    fn look_round(&self) -> io::Result<Vec<Abandoned>> {
        let mut found = Vec::new();
        let paths: io::Result<BTreeSet<PathBuf>> =
            std::fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.path())).collect();
        for path in paths? {
            let suffix = path.extension().and_then(|suffix| suffix.to_str());
            let (Some(SUFFIX | SUFFIX_NEW), Ok(file)) = (suffix, OpenOptions::new().read(true).write(true).open(&path))
            else {
                continue;
            };
            // Held by a living worker, ourselves among them.
            if file.try_lock().is_err() {
                continue;
            }
            if suffix == Some(SUFFIX) {
                let remains = read::remains(&std::fs::read(&path)?, self.boot.as_deref());
                found.push(Abandoned { path, _file: file, remains });
            } else if file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > MAKING_MAX) {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(found)
    }
}

impl Book {
    /// A line of a try that stands here. If it cannot be written, the file is emptied: then it says nothing of any try.
    fn add(&mut self, id: Try, line: &Line<'_>) {
        if self.tries.contains_key(&id) {
            self.write(id, &line.bytes(), 0);
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
        if self.length > BYTES_MAX
            && let Err(error) = self.turn_over(open)
        {
            tracing::warn!(%error, "the journal grows: it could not be begun anew");
        }
        let first = if self.length == 0 { open.first_line() } else { Vec::new() };
        self.tries.insert(id, Vec::new());
        self.write(id, &[&first, line].concat(), first.len());
    }

    /// `beside`: how many of the bytes, at the front, do not belong to this try.
    fn write(&mut self, id: Try, bytes: &[u8], beside: usize) {
        if let Err(error) = self.file.write_all(bytes) {
            tracing::warn!(%error, "the journal cannot be written: a worker's death would leave more doubts");
            return self.empty();
        }
        self.length += bytes.len();
        self.tries.entry(id).or_default().extend_from_slice(&bytes[beside..]);
    }

    fn empty(&mut self) {
        self.is_spoilt = self.file.set_len(0).is_err();
        self.length = 0;
        self.tries.clear();
    }

    /// Goes on in a new file, which holds the lines of what has not ended.
    fn turn_over(&mut self, open: &Open) -> io::Result<()> {
        let mut lines = open.first_line();
        self.tries.values().for_each(|of_one| lines.extend_from_slice(of_one));
        let (file, path) = made(&open.folder, &lines)?;
        // Two files that say the same do no harm. But the old one must not go on saying it, for nothing is added to it any more.
        if let Err(error) = self.file.set_len(0) {
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        let _ = std::fs::remove_file(&self.path);
        (self.file, self.path, self.length) = (file, path, lines.len());
        Ok(())
    }
}

impl Abandoned {
    /// All that it says is done.
    pub(super) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "a lost worker's journal cannot be removed");
        }
    }
}

/// A file with these bytes. It bears another name until it is locked, so that nobody takes it for a dead worker's.
fn made(folder: &Path, bytes: &[u8]) -> io::Result<(File, PathBuf)> {
    // Their names are in the order of their making, and so are they read.
    let name = Uuid::now_v7().simple().to_string();
    let (making, path) = (folder.join(&name).with_extension(SUFFIX_NEW), folder.join(&name).with_extension(SUFFIX));
    let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&making)?;
    let result = file.lock().and_then(|()| file.write_all(bytes)).and_then(|()| std::fs::rename(&making, &path));
    if let Err(error) = result {
        let _ = std::fs::remove_file(&making);
        return Err(error);
    }
    Ok((file, path))
}

/// The number of the machine's start, by which Linux tells one from another.
fn boot() -> Option<String> {
    let number = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(number.trim().to_owned()).filter(|number| !number.is_empty())
}
