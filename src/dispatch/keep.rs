//! What is kept of a message until its outcome is known: its exact bytes, whom they are for, and what they say.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::pack::{self, Frame, FrameHash, UnpackError};
use crate::channel::Sealed;
use crate::domain::id::NoticeKey;
use crate::domain::person::{Channel, Pii};
use crate::domain::stage::Stage;
use crate::store::{Store, StoreError};

/// Kinds of messages that have frames, at some 60 KB each until theirs is made; other kinds are packed without. A brand has up to 20
/// stages, in some languages.
const FRAMES_MAX: usize = 512;
/// A text message or a short mail is small enough without a frame.
const FRAME_WORTH_BYTES: usize = 2048;
/// A message that needs more than this part of itself beside its frame is a misfit.
const FRAME_FIT_PART: usize = 4;
/// So many misfits in a row say that the templates have changed, and the kind gets another frame. One alone may just be long.
const MISFITS_MAX: u32 = 16;
/// Frames that one kind gets from one process: each is kept for days, and messages may differ too much for any.
const FRAMES_OF_A_KIND_MAX: u32 = 4;
/// A frame is saved anew after this time if it is still packed by. So it is known to be in use; [`FRAME_KEPT`] is a good deal longer.
const SAVED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// A frame of which no worker has said for this long that it uses it, and by which nothing is packed any more, may go.
pub const FRAME_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A message with its envelope, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// SMTP's envelope sender; empty for HTTP channels.
    pub(super) from: String,
    pub(super) to: Pii<String>,
    /// JSON of `domain::notice::Said`: what the bytes say that could turn out untrue.
    pub(super) said: String,
    pub(super) bytes: Bytes,
}

/// The bytes of a notice cannot be had back.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Unkept {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    #[error("the kept message has no envelope")]
    NoEnvelope,
}

impl Kept {
    pub(super) fn of(sealed: &Sealed, said: &str) -> Self {
        Self { from: sealed.from.clone(), to: sealed.to.clone(), said: said.to_owned(), bytes: sealed.bytes.clone() }
    }

    pub(super) fn into_sealed(self, key: NoticeKey, channel: Channel) -> Sealed {
        Sealed { key, channel, from: self.from, to: self.to, bytes: self.bytes }
    }

    /// The envelope as it is, with the length of each part before it.
    fn envelope(&self, more: usize) -> Vec<u8> {
        let parts = [self.from.as_str(), self.to.expose(), &self.said];
        let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum::<usize>() + more);
        for part in parts {
            let length = u32::try_from(part.len()).expect("an envelope is under 4 GiB");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }

    /// Puts together the envelope and the message, packed.
    fn stored(&self, packed: &[u8]) -> Vec<u8> {
        let mut out = self.envelope(packed.len());
        out.extend_from_slice(packed);
        out
    }
}

/// Reads the parts of an envelope, and what follows: the packed message.
fn read_envelope(mut stored: &[u8]) -> Option<([String; 3], &[u8])> {
    let mut parts = [const { String::new() }; 3];
    for part in &mut parts {
        let (length, rest) = stored.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        *part = std::str::from_utf8(text).ok()?.to_owned();
        stored = rest;
    }
    Some((parts, stored))
}

/// The bytes of a notice that were sealed for sending, while they are still kept: until its outcome is known. `None` where there
/// are none, or they cannot be unpacked any more.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn still_kept(store: &Store, key: NoticeKey) -> Result<Option<Bytes>, StoreError> {
    let Some(stored) = store.sealed(key).await? else { return Ok(None) };
    match Frames::default().unpack(store, &stored).await {
        Ok(kept) => Ok(Some(kept.bytes)),
        Err(Unkept::Store(error)) => Err(error),
        Err(Unkept::Unpack(_) | Unkept::NoEnvelope) => Ok(None),
    }
}

/// Up to `limit` of the notices whose bytes are kept, by key, after the key `after`: the last one's key, and the frames by which
/// they are packed. `None`: there are no more.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn frames_needed(
    store: &Store,
    after: Option<NoticeKey>,
    limit: u32,
) -> Result<Option<(NoticeKey, BTreeSet<Uuid>)>, StoreError> {
    let page = store.sealed_after(after, limit).await?;
    // What cannot be read needs no frame.
    let frame = |stored: &[u8]| pack::frame_of(read_envelope(stored)?.1).ok().flatten().map(|hash| hash.0);
    let frames = page.iter().filter_map(|(_, stored)| frame(stored)).collect();
    Ok(page.last().map(|(key, _)| (*key, frames)))
}

/// What frames are kept for: messages of one kind differ little.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) brand: String,
    pub(super) stage: Stage,
    pub(super) channel: Channel,
    pub(super) locale: String,
}

/// The frames in use, and how they came about.
///
/// A frame must hold nothing personal, since it outlives the notices that are packed against it. So it is made of what
/// messages to three different people have in common, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Frames {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    kinds: HashMap<Kind, OfKind>,
    known: HashMap<FrameHash, Arc<Frame>>,
}

#[derive(Debug, Default)]
struct OfKind {
    making: Making,
    /// Frames made so far.
    made: u32,
    /// Messages in a row that the frame did not fit.
    misfits: u32,
}

#[derive(Debug)]
enum Making {
    /// Messages to different people, not enough of them yet.
    Gathering(Vec<(Pii<String>, Bytes)>),
    /// Being stored by a task, or the messages have too little in common.
    Storing,
    /// May be packed against for some time after it was saved.
    Ready { frame: Arc<Frame>, saved_at: Timestamp },
}

impl Default for Making {
    fn default() -> Self {
        Self::Gathering(Vec::new())
    }
}

/// Messages to different people that a frame is made of.
const SAMPLES: usize = 3;

impl Frames {
    /// Packs a message, against its kind's frame if there is one. Makes and stores that frame when enough messages of the
    /// kind have been seen.
    pub(super) async fn pack(&self, store: &Store, kind: Kind, kept: &Kept) -> Vec<u8> {
        let offer = self.lock().frame(&kind, kept, store.clock().now());
        let frame = match offer {
            Offer::Use(frame) => Some(frame),
            Offer::None => None,
            Offer::Store(frame) => self.store(store, &kind, frame).await,
        };
        let packed = pack::pack(&kept.bytes, frame.as_deref());
        if frame.is_some() {
            self.lock().fitted(&kind, packed.len() <= kept.bytes.len() / FRAME_FIT_PART);
        }
        kept.stored(&packed)
    }

    /// Gets a message back.
    pub(super) async fn unpack(&self, store: &Store, stored: &[u8]) -> Result<Kept, Unkept> {
        let ([from, to, said], packed) = read_envelope(stored).ok_or(Unkept::NoEnvelope)?;
        let frame = match pack::frame_of(packed)? {
            None => None,
            Some(hash) => Some(self.find(store, hash).await?),
        };
        let bytes = Bytes::from(pack::unpack(packed, frame.as_deref())?);
        Ok(Kept { from, to: Pii::new(to), said, bytes })
    }

    async fn store(&self, store: &Store, kind: &Kind, frame: Arc<Frame>) -> Option<Arc<Frame>> {
        let stored = store.save_frame(frame.hash().0, frame.bytes()).await;
        let mut inside = self.lock();
        match stored {
            Ok(()) => {
                inside.saved(kind, &frame, store.clock().now());
                Some(frame)
            }
            Err(error) => {
                tracing::warn!(%error, "a frame could not be stored: messages are packed without");
                // It is tried again with the next message.
                inside.saved(kind, &frame, Timestamp::MIN);
                None
            }
        }
    }

    async fn find(&self, store: &Store, hash: FrameHash) -> Result<Arc<Frame>, Unkept> {
        if let Some(frame) = self.lock().known.get(&hash) {
            return Ok(Arc::clone(frame));
        }
        let found = store.frames(&[hash.0]).await?;
        let bytes = found.into_iter().next().map(|(_, bytes)| bytes);
        let frame = bytes.and_then(Frame::new).filter(|frame| frame.hash() == hash).ok_or(UnpackError::OtherFrame)?;
        let frame = Arc::new(frame);
        let mut inside = self.lock();
        if inside.known.len() >= FRAMES_MAX {
            inside.known.clear();
        }
        inside.known.insert(hash, Arc::clone(&frame));
        Ok(frame)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().expect("nothing panics while it holds the frames")
    }
}

impl Inside {
    fn frame(&mut self, kind: &Kind, kept: &Kept, now: Timestamp) -> Offer {
        if kept.bytes.len() < FRAME_WORTH_BYTES {
            return Offer::None;
        }
        // No kind makes room for another: it would come back with other samples, and each time leave a frame behind.
        if self.kinds.len() >= FRAMES_MAX && !self.kinds.contains_key(kind) {
            return Offer::None;
        }
        let OfKind { making, made, .. } = self.kinds.entry(kind.clone()).or_default();
        match making {
            Making::Ready { frame, saved_at } if now.duration_since(*saved_at) < SAVED_FOR => {
                Offer::Use(Arc::clone(frame))
            }
            Making::Ready { frame, .. } => {
                let frame = Arc::clone(frame);
                *making = Making::Storing;
                Offer::Store(frame)
            }
            Making::Storing => Offer::None,
            Making::Gathering(samples) => {
                if !samples.iter().any(|(to, _)| *to == kept.to) {
                    samples.push((kept.to.clone(), kept.bytes.clone()));
                }
                if samples.len() < SAMPLES {
                    return Offer::None;
                }
                let bytes = samples[1..].iter().fold(samples[0].1.to_vec(), |all, (_, one)| pack::in_common(&all, one));
                (*making, *made) = (Making::Storing, *made + 1);
                Frame::new(bytes).map_or(Offer::None, |frame| Offer::Store(Arc::new(frame)))
            }
        }
    }

    fn saved(&mut self, kind: &Kind, frame: &Arc<Frame>, at: Timestamp) {
        self.kinds.entry(kind.clone()).or_default().making = Making::Ready { frame: Arc::clone(frame), saved_at: at };
        self.known.insert(frame.hash(), Arc::clone(frame));
    }

    /// A message was packed against its kind's frame: well, or not.
    fn fitted(&mut self, kind: &Kind, well: bool) {
        let Some(of_kind) = self.kinds.get_mut(kind) else { return };
        of_kind.misfits = if well { 0 } else { of_kind.misfits + 1 };
        if of_kind.misfits >= MISFITS_MAX && of_kind.made < FRAMES_OF_A_KIND_MAX {
            (of_kind.making, of_kind.misfits) = (Making::default(), 0);
        }
    }
}

enum Offer {
    Use(Arc<Frame>),
    Store(Arc<Frame>),
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(to: &str, bytes: &str) -> Kept {
        Kept {
            from: "shop@harbour.example".into(),
            to: Pii::new(to.into()),
            said: r#"{"number":"JD1"}"#.into(),
            bytes: Bytes::copy_from_slice(bytes.as_bytes()),
        }
    }

    #[test]
    fn the_envelope_comes_back() {
        let kept = kept("zoë@example.org", "body");
        let stored = kept.stored(b"packed");
        let (parts, packed) = read_envelope(&stored).expect("whole");
        assert_eq!(parts, [kept.from, "zoë@example.org".to_owned(), kept.said]);
        assert_eq!(packed, b"packed");
        for cut in 0..stored.len() - b"packed".len() {
            assert_eq!(read_envelope(&stored[..cut]), None, "cut after {cut} bytes");
        }
    }

    fn kind() -> Kind {
        Kind { brand: "harbour".into(), stage: Stage::Shipped, channel: Channel::Email, locale: "en".into() }
    }

    /// A long message to the person of this number.
    fn long(number: usize, words: &str) -> Kept {
        kept(
            &format!("{number}@example.org"),
            &format!("{} {number}", words.repeat(FRAME_WORTH_BYTES / words.len() + 1)),
        )
    }

    /// Shows as many messages as that, which fit their frame or not; how often a frame was to be stored.
    fn show(inside: &mut Inside, messages: std::ops::Range<usize>, words: &str, fit: bool, now: Timestamp) -> usize {
        let mut stored = 0;
        for number in messages {
            match inside.frame(&kind(), &long(number, words), now) {
                Offer::Store(frame) => {
                    inside.saved(&kind(), &frame, now);
                    stored += 1;
                }
                Offer::Use(_) => inside.fitted(&kind(), fit),
                Offer::None => {}
            }
        }
        stored
    }

    #[test]
    fn a_kind_leaves_few_frames_however_its_messages_differ() {
        let (mut inside, now) = (Inside::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(show(&mut inside, 0..100, "once upon a time ", true, now), 1);
        let many = FRAMES_OF_A_KIND_MAX as usize;
        assert_eq!(show(&mut inside, 100..10_000, "upon another time ", false, now), many - 1);
        assert!((2..=many).contains(&inside.known.len()), "{} frames", inside.known.len());
    }

    #[test]
    fn other_templates_get_another_frame_and_a_long_message_does_not() {
        let (mut inside, now) = (Inside::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(show(&mut inside, 0..SAMPLES, "once upon a time ", true, now), 1);
        for odd in 0..100 {
            let place = SAMPLES + odd * 3;
            assert_eq!(show(&mut inside, place..place + 2, "once upon a time ", false, now), 0);
            assert_eq!(show(&mut inside, place + 2..place + 3, "once upon a time ", true, now), 0);
        }
        assert_eq!(
            show(&mut inside, 1_000..1_000 + MISFITS_MAX as usize + SAMPLES, "upon another time ", false, now),
            1
        );
    }

    #[test]
    fn a_frame_that_could_not_be_stored_is_stored_before_anything_is_packed_by_it() {
        let (mut inside, now) = (Inside::default(), Timestamp::UNIX_EPOCH);
        let offered = (0..SAMPLES).map(|number| inside.frame(&kind(), &long(number, "once upon a time "), now)).last();
        let Some(Offer::Store(frame)) = offered else { panic!("three messages make a frame") };
        inside.saved(&kind(), &frame, Timestamp::MIN);
        let again = inside.frame(&kind(), &long(SAMPLES, "once upon a time "), now);
        assert!(matches!(again, Offer::Store(same) if same.hash() == frame.hash()));
        assert!(matches!(inside.frame(&kind(), &long(SAMPLES, "once upon a time "), now), Offer::None), "being stored");
    }

    #[test]
    fn a_frame_in_use_says_so_once_a_day() {
        let (mut inside, start) = (Inside::default(), Timestamp::UNIX_EPOCH);
        let at = |hours| start + SignedDuration::from_hours(hours);
        assert_eq!(show(&mut inside, 0..10, "once upon a time ", true, start), 1);
        assert_eq!(show(&mut inside, 10..20, "once upon a time ", true, at(23)), 0);
        assert_eq!(show(&mut inside, 20..30, "once upon a time ", true, at(25)), 1);
        assert_eq!(show(&mut inside, 30..40, "once upon a time ", true, at(48)), 0);
        assert_eq!(inside.known.len(), 1);
    }
}
