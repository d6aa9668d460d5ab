//! The exact bytes of a message, kept small until its outcome is known.
//!
//! Two mails of one brand, stage and language differ in a few hundred bytes out of thirty thousand. So they are packed by
//! LZ4 against a *frame*: another rendering of the same kind that is stored once, under its own hash. What is kept for a
//! notice is then under 1 KB, and unpacking gives back every byte.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// LZ4 looks back 64 KB; half for the frame and half for the message. What is longer is packed without a frame.
pub const FRAME_BYTES_MAX: usize = 48 * 1024;
/// No message is larger, so no corrupt row can make us reserve more. Mails are under 100 kB, SMS far under.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Largest buffer that a thread keeps for the next message.
const SCRATCH_BYTES_MAX: usize = 256 * 1024;

const PLAIN: u8 = 1;
const FRAMED: u8 = 2;
/// Kind, length, checksum.
const HEAD_BYTES: usize = 1 + 4 + 8;
const HASH_BYTES: usize = 16;

/// The name of a frame: the first 16 bytes of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameHash(pub Uuid);

impl FrameHash {
    /// Names `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(Uuid::from_slice(&digest[..HASH_BYTES]).expect("SHA-256 has more than 16 bytes"))
    }
}

/// Bytes to pack against, under their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    hash: FrameHash,
    bytes: Vec<u8>,
}

impl Frame {
    /// Names `bytes` and keeps them; `None` if they are too long to be of use.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() <= FRAME_BYTES_MAX).then(|| Self { hash: FrameHash::of(&bytes), bytes })
    }

    /// The name under which it is stored.
    pub fn hash(&self) -> FrameHash {
        self.hash
    }

    /// What is stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why packed bytes could not be unpacked. The message must then be rendered anew, under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    #[error("the packed message is cut short or of an unknown kind")]
    Malformed,
    #[error("the frame that the message was packed against is not the one given")]
    OtherFrame,
    #[error("the unpacked bytes are not those that were packed")]
    Damaged,
}

/// Packs `bytes`, against `frame` where there is one.
pub fn pack(bytes: &[u8], frame: Option<&Frame>) -> Vec<u8> {
    thread_local! {
        // A new buffer for each message would be zeroed each time, which costs as much as packing.
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let (kind, hash) = match frame {
        Some(frame) => (FRAMED, Some(frame.hash)),
        None => (PLAIN, None),
    };
    let length = u32::try_from(bytes.len()).expect("a message is under 4 GiB");
    SCRATCH.with_borrow_mut(|scratch| {
        let most = lz4_flex::block::get_maximum_output_size(bytes.len());
        if scratch.len() < most {
            scratch.resize(most, 0);
        }
        let packed = match frame {
            Some(frame) => lz4_flex::block::compress_into_with_dict(bytes, scratch, &frame.bytes),
            None => lz4_flex::block::compress_into(bytes, scratch),
        };
        let body = &scratch[..packed.expect("there is room for what cannot be packed at all")];
        let mut out = Vec::with_capacity(HEAD_BYTES + HASH_BYTES + body.len());
        out.push(kind);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&checksum(bytes).to_le_bytes());
        if let Some(FrameHash(hash)) = hash {
            out.extend_from_slice(hash.as_bytes());
        }
        out.extend_from_slice(body);
        if scratch.len() > SCRATCH_BYTES_MAX {
            *scratch = Vec::new();
        }
        out
    })
}

/// Which frame must be at hand to unpack; `None` if it needs none.
///
/// # Errors
/// [`UnpackError::Malformed`] if these are not packed bytes.
pub fn frame_of(packed: &[u8]) -> Result<Option<FrameHash>, UnpackError> {
    Ok(Parts::read(packed)?.frame)
}

/// Gives back what was packed.
///
/// # Errors
/// Every fault of the packed bytes or the frame is found and named; bytes that come back are the ones that went in.
pub fn unpack(packed: &[u8], frame: Option<&Frame>) -> Result<Vec<u8>, UnpackError> {
    let parts = Parts::read(packed)?;
    let dictionary = match (parts.frame, frame) {
        (None, _) => Cow::Borrowed(&[][..]),
        (Some(wanted), Some(frame)) if frame.hash == wanted => Cow::Borrowed(frame.bytes()),
        (Some(_), _) => return Err(UnpackError::OtherFrame),
    };
    let mut out = vec![0; parts.length];
    let unpacked = if dictionary.is_empty() {
        lz4_flex::block::decompress_into(parts.body, &mut out)
    } else {
        lz4_flex::block::decompress_into_with_dict(parts.body, &mut out, &dictionary)
    };
    match unpacked {
        Ok(length) if length == parts.length && checksum(&out) == parts.checksum => Ok(out),
        Ok(_) | Err(_) => Err(UnpackError::Damaged),
    }
}

/// Shortest run that [`in_common`] keeps, in bytes. Longer than names, streets and mail addresses that two people could share
/// by chance; shorter runs would save little.
const RUN_BYTES_MIN: usize = 48;
/// How much of a run must be equal for it to be looked at.
const SEED_BYTES: usize = 16;
/// Every how many bytes a seed is planted: any run of `SEED_BYTES + SEED_STEP` bytes is found.
const SEED_STEP: usize = 8;

/// The long runs of `b` that are also in `a`, one after the other.
pub fn in_common(a: &[u8], b: &[u8]) -> Vec<u8> {
    let seeds = (0..a.len().saturating_sub(SEED_BYTES - 1)).step_by(SEED_STEP);
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(a.len() / SEED_STEP);
    for place in seeds {
        places.entry(&a[place..place + SEED_BYTES]).or_insert(place);
    }
    let mut out = Vec::with_capacity(b.len());
    let (mut at, mut done) = (0, 0);
    while at + SEED_BYTES <= b.len() {
        let Some(place) = places.get(&b[at..at + SEED_BYTES]) else {
            at += 1;
            continue;
        };
        let before = a[..*place].iter().rev().zip(b[done..at].iter().rev()).take_while(|(x, y)| x == y).count();
        let after = a[*place..].iter().zip(&b[at..]).take_while(|(x, y)| x == y).count();
        let run = &b[at - before..at + after];
        at += after;
        if run.len() >= RUN_BYTES_MIN {
            out.extend_from_slice(run);
            done = at;
        }
    }
    out
}

struct Parts<'a> {
    length: usize,
    checksum: u64,
    frame: Option<FrameHash>,
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(packed: &'a [u8]) -> Result<Self, UnpackError> {
        let (kind, rest) = packed.split_first().ok_or(UnpackError::Malformed)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(UnpackError::Malformed)?;
        let (checksum, rest) = rest.split_first_chunk::<8>().ok_or(UnpackError::Malformed)?;
        let (frame, body) = match *kind {
            PLAIN => (None, rest),
            FRAMED => {
                let (hash, body) = rest.split_first_chunk::<HASH_BYTES>().ok_or(UnpackError::Malformed)?;
                (Some(FrameHash(Uuid::from_bytes(*hash))), body)
            }
            _ => return Err(UnpackError::Malformed),
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| UnpackError::Malformed)?;
        if length > MESSAGE_BYTES_MAX {
            return Err(UnpackError::Malformed);
        }
        Ok(Self { length, checksum: u64::from_le_bytes(*checksum), frame, body })
    }
}

/// Tells damage, not malice: multiply and fold, eight bytes at a time; a cryptographic hash would cost more than packing.
/// Four sums side by side, so that a processor need not wait for one product before it begins the next.
fn checksum(bytes: &[u8]) -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let wide = u128::from(state ^ word) * u128::from(STEP);
        (wide as u64) ^ ((wide >> 64) as u64).rotate_left(29)
    };
    let word = |eight: &[u8]| u64::from_le_bytes(eight.try_into().expect("eight bytes"));
    let mut sums = [STEP ^ bytes.len() as u64, 1, 2, 3];
    let blocks = bytes.chunks_exact(32);
    let tail = blocks.remainder();
    for block in blocks {
        for (sum, eight) in sums.iter_mut().zip(block.chunks_exact(8)) {
            *sum = fold(*sum, word(eight));
        }
    }
    let mut last = [0; 32];
    last[..tail.len()].copy_from_slice(tail);
    let end = last.chunks_exact(8).fold(sums[0], |state, eight| fold(state, word(eight)));
    sums[1..].iter().fold(end, |state, sum| fold(state, *sum))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(name: &str, number: u32) -> Vec<u8> {
        let rows: String =
            (0..400).map(|row| format!("<tr style=\"color:#3{row:04}\"><td>{row}</td></tr>\n")).collect();
        format!("<p>Dear {name},</p><p>order {number}</p><table>{rows}</table><p>{name} {number}</p>").into_bytes()
    }

    #[test]
    fn a_mail_like_its_frame_takes_little_room() {
        let frame = Frame::new(mail("A. Sample", 1)).expect("small enough");
        let sent = mail("Zoë O'Neill", 4711);
        let packed = pack(&sent, Some(&frame));
        assert!(packed.len() < 300, "{} bytes of {}", packed.len(), sent.len());
        assert_eq!(frame_of(&packed), Ok(Some(frame.hash())));
        assert!(unpack(&packed, Some(&frame)) == Ok(sent));
    }

    #[test]
    fn the_wrong_frame_is_noticed() {
        let frame = Frame::new(mail("A. Sample", 1)).expect("small enough");
        let packed = pack(&mail("B", 2), Some(&frame));
        assert_eq!(unpack(&packed, None), Err(UnpackError::OtherFrame));
        let other = Frame::new(mail("C. Sample", 3)).expect("small enough");
        assert_eq!(unpack(&packed, Some(&other)), Err(UnpackError::OtherFrame));
        let reversed = frame.bytes().iter().rev().copied().collect();
        let forged = Frame { hash: frame.hash(), bytes: reversed };
        assert!(unpack(&packed, Some(&forged)) == Err(UnpackError::Damaged), "the checksum tells");
    }

    #[test]
    fn what_messages_have_in_common_holds_nobodys_name() {
        let mails = [mail("Ada Example, 12 Harbour Lane", 71001), mail("Bo Sample, 9 Quay", 82002), mail("Zoë", 93003)];
        let common = mails[1..].iter().fold(mails[0].clone(), |all, one| in_common(&all, one));
        assert!(common.len() > mails[2].len() * 9 / 10, "{} of {}", common.len(), mails[2].len());
        let common = String::from_utf8(common).expect("whole characters");
        for personal in ["Ada", "Harbour", "71001", "Bo ", "Quay", "82002", "Zo", "93003"] {
            assert!(!common.contains(personal), "{personal}");
        }
        let frame = Frame::new(common.into_bytes()).expect("small enough");
        assert!(pack(&mail("Somebody Else", 4), Some(&frame)).len() < 400);
    }

    #[test]
    fn strangers_have_nothing_in_common() {
        assert_eq!(in_common(b"", b"anything at all"), b"");
        assert_eq!(in_common(b"one thing that is long enough to be a seed", b"and another that is as well"), b"");
    }

    #[test]
    fn a_frame_has_a_limit() {
        assert!(Frame::new(vec![b'x'; FRAME_BYTES_MAX]).is_some());
        assert!(Frame::new(vec![b'x'; FRAME_BYTES_MAX + 1]).is_none());
    }

    proptest! {
        #[test]
        fn unpacking_gives_back_what_was_packed(
            bytes in proptest::collection::vec(any::<u8>(), 0..3000),
            repeats in 1..20usize,
            frame in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..3000)),
        ) {
            let frame = frame.and_then(|mut frame| { frame.extend_from_slice(&bytes); Frame::new(frame) });
            let bytes = bytes.repeat(repeats);
            prop_assert_eq!(unpack(&pack(&bytes, frame.as_ref()), frame.as_ref()), Ok(bytes));
        }

        #[test]
        fn damage_is_found(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
            let frame = Frame::new(mail("A. Sample", 1)).expect("small enough");
            let sent = mail("B", 2);
            let mut packed = pack(&sent, Some(&frame));
            let at = at.index(packed.len());
            packed[at] ^= flip;
            // A flipped byte may be unpacked to the very same bytes, but never to others.
            prop_assert!(unpack(&packed, Some(&frame)).map_or(true, |back| back == sent));
        }

        #[test]
        fn garbage_never_panics(garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&garbage, None);
            let _ = frame_of(&garbage);
        }
    }
}
