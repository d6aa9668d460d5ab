//! Named places at which a test can stop the process dead, as a power cut would.
//!
//! The points are compiled in by the feature `crash-points` alone; without it [`point`] is an empty inline function.
//! `DOORSTEP_CRASH_AT=dispatch.intended:3` aborts the process when `dispatch.intended` is passed for the third time.
//! `DOORSTEP_CRASH_TRACE=FILE` appends the name of each point to a file when it is passed for the first time.

/// Every point, in the order of the path. A test checks that these are the points of the source, no more and no fewer, and
/// another dies at each of them.
pub const POINTS: &[&str] = &[
    // Ingest: from the wire to the hinge and back.
    "ingest.received",
    "ingest.decoded",
    "ingest.applied",
    "ingest.acknowledged",
    // Apply: one transaction.
    "apply.begun",
    "apply.inbox_written",
    "apply.loaded",
    "apply.decided",
    "apply.reserved",
    "apply.written",
    "apply.committed",
    "apply.handed_over",
    // Timers.
    "timers.claimed",
    "timers.ticked",
    // Dispatch: from due to settled.
    "dispatch.claimed",
    "dispatch.taken",
    "dispatch.judged",
    "dispatch.rendered",
    "dispatch.sealed",
    "dispatch.intending",
    "dispatch.intended",
    "dispatch.granted",
    "dispatch.sent",
    "dispatch.settling",
    "dispatch.settled",
    "dispatch.swept",
    // What outlives a death.
    "journal.asked",
    "journal.begun",
    "journal.ended",
    "journal.read",
    "journal.recovered",
    // The channels' own steps.
    "smtp.connected",
    "smtp.addressed",
    "smtp.may_send",
    "smtp.body_written",
    "smtp.answered",
    "http.requested",
    "http.answered",
    // Outcome events.
    "outcomes.claimed",
    "outcomes.confirmed",
    "outcomes.forgotten",
    // Alerts to ops.
    "alerts.written",
    "alerts.claimed",
    "alerts.sent",
];

/// Passes a point: does nothing, or ends the process here if a test asked for that.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn point(_name: &'static str) {}

/// Passes a point: does nothing, or ends the process here if a test asked for that.
#[cfg(feature = "crash-points")]
pub fn point(name: &'static str) {
    live::passed(name);
}

#[cfg(feature = "crash-points")]
mod live {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, OnceLock};

    struct Plan {
        crash: Option<(String, u64)>,
        passed: AtomicU64,
        trace: Option<(PathBuf, Mutex<BTreeSet<&'static str>>)>,
    }

    static PLAN: OnceLock<Plan> = OnceLock::new();

    pub(super) fn passed(name: &'static str) {
        let plan = PLAN.get_or_init(|| Plan {
            crash: std::env::var("DOORSTEP_CRASH_AT").ok().map(|text| super::parse(&text)),
            passed: AtomicU64::new(0),
            trace: std::env::var_os("DOORSTEP_CRASH_TRACE").map(|path| (path.into(), Mutex::default())),
        });
        if let Some((path, seen)) = &plan.trace
            && seen.lock().expect("nothing panics while it holds this").insert(name)
        {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
            file.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes())).expect("the trace can be written");
        }
        if let Some((wanted, nth)) = &plan.crash
            && wanted == name
            && plan.passed.fetch_add(1, Ordering::SeqCst) + 1 == *nth
        {
            // Not `exit`: nothing may be flushed, closed or told goodbye.
            std::process::abort();
        }
    }
}

/// Reads `name` or `name:nth`; an unknown name is refused, since a test that waits for it would wait for ever.
#[cfg(any(test, feature = "crash-points"))]
fn parse(text: &str) -> (String, u64) {
    let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
    assert!(POINTS.contains(&name), "DOORSTEP_CRASH_AT names no crash point: {name}");
    (name.to_owned(), nth.parse().expect("DOORSTEP_CRASH_AT is name:number"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn count(dir: &Path, found: &mut BTreeMap<String, usize>) {
        for entry in std::fs::read_dir(dir).expect("the source can be read") {
            let path = entry.expect("the source can be read").path();
            if path.is_dir() {
                count(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("crash.rs") {
                let text = std::fs::read_to_string(&path).expect("the source can be read");
                for call in text.split("crash::point(\"").skip(1) {
                    let name = call.split('"').next().expect("split gives one part at least");
                    *found.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }

    #[test]
    fn the_list_holds_the_points_of_the_source() {
        let mut found = BTreeMap::new();
        count(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let unlisted: Vec<_> = found.keys().filter(|name| !POINTS.contains(&name.as_str())).collect();
        assert!(unlisted.is_empty(), "not in the list of points: {unlisted:?}");
        let unused: Vec<_> = POINTS.iter().filter(|name| !found.contains_key(**name)).collect();
        assert!(unused.is_empty(), "listed, but nowhere in the source: {unused:?}");
    }

    #[test]
    fn reads_name_and_number() {
        assert_eq!(parse("dispatch.sent"), ("dispatch.sent".to_owned(), 1));
        assert_eq!(parse("dispatch.sent:12"), ("dispatch.sent".to_owned(), 12));
    }

    #[test]
    #[should_panic(expected = "names no crash point")]
    fn refuses_unknown_names() {
        parse("dispatch.snet");
    }
}
