//! What a lost worker's journal says.

use std::collections::BTreeMap;

use super::{FORMAT, Line, Try};
use crate::domain::notice::Notice;
use crate::store::rows::Verdict;

/// What is left of a try.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dispatch) struct Remains {
    pub(in crate::dispatch) notice: Notice,
    pub(in crate::dispatch) fence: i32,
    pub(in crate::dispatch) end: End,
}

/// How far it came.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dispatch) enum End {
    /// No byte of it has left us.
    NeverBegun,
    /// It was begun, or may have been.
    Unknown,
    Known(Verdict),
}

struct Half {
    notice: Notice,
    is_begun: bool,
    verdict: Option<Verdict>,
}

/// Reads a journal. `boot`: the number of the machine's present start.
///
/// A line that stands there is true. That one does not stand there says that it was not written only if this is still the same
/// start of the machine, for otherwise it may have been lost with the machine's memory, and if every line can be read. What
/// follows the last line's end was being written when the worker died, and had no consequences; unless it is none of ours.
pub(super) fn remains(bytes: &[u8], boot: Option<&str>) -> Vec<Remains> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let cut_off = lines.pop().unwrap_or_default();
    let is_ours = cut_off.is_empty() || (cut_off[0] == b'{' && !cut_off.contains(&0));
    let mut lines = lines.into_iter().map(|line| serde_json::from_slice::<Line<'_>>(line).ok());
    let Some(Some(Line::Opened { format: FORMAT, boot: then })) = lines.next() else { return Vec::new() };
    let mut is_whole = is_ours && boot.is_some() && boot == then.as_deref();
    let mut tries: BTreeMap<Try, Half> = BTreeMap::new();
    for line in lines {
        match line {
            Some(Line::Asked { fence, notice }) => {
                let half = Half { notice: notice.into_owned(), is_begun: false, verdict: None };
                tries.entry((half.notice.key, fence)).or_insert(half);
            }
            Some(Line::Begun { fence, key }) => {
                tries.entry((key, fence)).and_modify(|half| half.is_begun = true);
            }
            Some(Line::Ended { fence, key, verdict }) => {
                tries.entry((key, fence)).and_modify(|half| half.verdict = Some(verdict.into_owned()));
            }
            Some(Line::Settled { fence, key }) => {
                tries.remove(&(key, fence));
            }
            Some(Line::Opened { .. }) | None => is_whole = false,
        }
    }
    let of_one = |((_, fence), half): (Try, Half)| {
        let end = match half.verdict {
            Some(verdict) => End::Known(verdict),
            None if is_whole && !half.is_begun => End::NeverBegun,
            None => End::Unknown,
        };
        Remains { notice: half.notice, fence, end }
    };
    tries.into_iter().map(of_one).collect()
}
