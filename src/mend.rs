//! What was refused goes through the door again, after doorstep or its configuration was mended: for `doorstep quarantine` and
//! the ops console.

use anyhow::Context;

use crate::apply::{Hinge, Verdict};
use crate::ingest::binary::Attributes;
use crate::ingest::decode::Decoder;
use crate::ingest::{Apply, Incoming};
use crate::store::Store;
use crate::store::rows::Quarantined;

/// Lets an entry of the quarantine through the door again. What is still refused stays as it is, and no second entry is made.
///
/// # Errors
/// When the database does not answer: nothing is lost, and it may be tried again.
pub async fn retry(store: &Store, decoder: &Decoder, hinge: &Hinge, kept: Quarantined) -> anyhow::Result<Verdict> {
    let (id, is_whole) = (kept.id, kept.headers.is_empty());
    match judge(decoder, kept) {
        Incoming::Refused(refused) => Ok(Verdict::Refused { reason: refused.reason }),
        incoming => {
            let hinge = if is_whole { hinge.mending() } else { hinge.clone() };
            let verdicts = hinge.apply(vec![incoming]).await.context("applying the event")?;
            let verdict = verdicts.into_iter().next().context("the hinge gives one verdict for one event")?;
            // Refused once more as it is, it goes on waiting here; from binary mode it is kept anew, put together.
            if !(is_whole && matches!(verdict, Verdict::Refused { .. })) {
                store.quarantine_retried(id).await.context("noting the retry")?;
            }
            Ok(verdict)
        }
    }
}

/// The door that the event comes through now; where it came first is told by the entry.
fn judge(decoder: &Decoder, kept: Quarantined) -> Incoming {
    if kept.headers.is_empty() {
        return decoder.structured("file", kept.raw);
    }
    match Attributes::from_json(&kept.headers) {
        Ok(attributes) => decoder.binary("file", &attributes, kept.raw),
        Err(fault) => decoder.refused("file", fault, kept.raw, kept.headers),
    }
}
