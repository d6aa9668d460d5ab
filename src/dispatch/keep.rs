//! What is kept of a message until its outcome is known: its exact bytes, whom they are for, and what they say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

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
/// A message that needs more than this part of itself beside its frame calls for a new frame: the templates have changed.
const STALE_FRAME_PART: usize = 4;

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
    kinds: HashMap<Kind, Making>,
    known: HashMap<FrameHash, Arc<Frame>>,
}

#[derive(Debug)]
enum Making {
    /// Messages to different people, not enough of them yet.
    Gathering(Vec<(Pii<String>, Bytes)>),
    /// Made, and being stored by the task that made it.
    Storing,
    /// Stored: may be packed against.
    Ready(Arc<Frame>),
}

/// Messages to different people that a frame is made of.
const SAMPLES: usize = 3;

impl Frames {
    /// Packs a message, against its kind's frame if there is one. Makes and stores that frame when enough messages of the
    /// kind have been seen.
    pub(super) async fn pack(&self, store: &Store, kind: Kind, kept: &Kept) -> Vec<u8> {
        let frame = match self.frame(&kind, kept) {
            Offer::Use(frame) => Some(frame),
            Offer::None => None,
            Offer::Store(frame) => self.store(store, &kind, frame).await,
        };
        let packed = pack::pack(&kept.bytes, frame.as_deref());
        if frame.is_some() && packed.len() > kept.bytes.len() / STALE_FRAME_PART {
            self.lock().kinds.remove(&kind);
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

    fn frame(&self, kind: &Kind, kept: &Kept) -> Offer {
        if kept.bytes.len() < FRAME_WORTH_BYTES {
            return Offer::None;
        }
        let mut inside = self.lock();
        // No kind makes room for another: it would come back with other samples, and each time leave a frame that is kept for ever.
        if inside.kinds.len() >= FRAMES_MAX && !inside.kinds.contains_key(kind) {
            return Offer::None;
        }
        let making = inside.kinds.entry(kind.clone()).or_insert_with(|| Making::Gathering(Vec::new()));
        match making {
            Making::Ready(frame) => Offer::Use(Arc::clone(frame)),
            Making::Storing => Offer::None,
            Making::Gathering(samples) => {
                if !samples.iter().any(|(to, _)| *to == kept.to) {
                    samples.push((kept.to.clone(), kept.bytes.clone()));
                }
                if samples.len() < SAMPLES {
                    return Offer::None;
                }
                let bytes = samples[1..].iter().fold(samples[0].1.to_vec(), |all, (_, one)| pack::in_common(&all, one));
                *making = Making::Storing;
                Frame::new(bytes).map_or(Offer::None, Offer::Store)
            }
        }
    }

    async fn store(&self, store: &Store, kind: &Kind, frame: Frame) -> Option<Arc<Frame>> {
        let stored = store.save_frame(frame.hash().0, frame.bytes()).await;
        let mut inside = self.lock();
        match stored {
            Ok(()) => {
                let frame = Arc::new(frame);
                inside.kinds.insert(kind.clone(), Making::Ready(Arc::clone(&frame)));
                inside.known.insert(frame.hash(), Arc::clone(&frame));
                Some(frame)
            }
            Err(error) => {
                tracing::warn!(%error, "a frame could not be stored: messages are packed without");
                inside.kinds.remove(kind);
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

enum Offer {
    Use(Arc<Frame>),
    Store(Frame),
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
}
