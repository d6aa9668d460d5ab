use jiff::Timestamp;

use super::read::{End, remains};
use super::*;
use crate::domain::id::OrderKey;

const BOOT: Option<&str> = Some("this start");

fn notice(number: u128) -> Notice {
    let at: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a time");
    let order = OrderKey::from_stored("harbour/1".to_owned()).expect("brand and id");
    Notice { key: NoticeKey(Uuid::from_u128(number)), ..Notice::shipped(order, at) }
}

fn accepted() -> Verdict {
    Verdict::Accepted { receipt: Some("250 kept".into()) }
}

fn ends(found: &[Remains]) -> Vec<End> {
    found.iter().map(|remains| remains.end.clone()).collect()
}

/// A journal of three tries: one asked for, one begun, one ended.
fn three(folder: &Path) -> Journal {
    let journal = Journal::open(folder).expect("a folder");
    for number in 1..=3 {
        journal.asked(&notice(number), 7);
    }
    for number in 2..=3 {
        assert!(journal.begun(notice(number).key, 7));
    }
    journal.ended(notice(3).key, 7, &accepted());
    journal
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0).path()
}

#[test]
fn the_next_worker_knows_how_far_each_try_came() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dead, next) = (three(folder.path()), Journal::open(folder.path()).expect("the folder is shared"));
    let file = only_file(folder.path());
    assert!(dead.others().is_empty(), "its own");
    assert_eq!(next.others().first(), Some(&file));
    assert!(next.abandoned(&file).is_none(), "its worker lives");
    dead.abandon();
    let journal = next.abandoned(&file).expect("its worker lives no more");
    assert_eq!(ends(&journal.remains), [End::NeverBegun, End::Unknown, End::Known(accepted())]);
    assert_eq!(journal.remains[0].notice, notice(1));
    assert!(next.abandoned(&file).is_none(), "one worker reads it at a time");
    journal.remove();
    assert!(next.abandoned(&file).is_none() && next.others().is_empty());
}

#[test]
fn a_journal_in_order_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = three(folder.path());
    journal.close();
    only_file(folder.path());
    (1..=3).for_each(|number| journal.forget(notice(number).key, 7));
    journal.close();
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// Wherever a death cuts the file, it says of no try that it came less far than it did: what follows a line was done only after
/// the whole line stood there.
#[test]
fn cut_off_anywhere_it_says_nothing_untrue() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = three(folder.path());
    let whole = std::fs::read(only_file(folder.path())).expect("it can be read");
    let boot = boot();
    let line_ends: Vec<usize> = (0..whole.len()).filter(|place| whole[*place] == b'\n').map(|end| end + 1).collect();
    assert_eq!(line_ends.len(), 7);
    for cut in 0..=whole.len() {
        let found = remains(&whole[..cut], boot.as_deref());
        let lines = line_ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(found.len(), lines.saturating_sub(1).min(3), "cut at {cut}");
        for (number, remains) in found.iter().enumerate() {
            let (begun, ended) = (lines >= 5 + number - 1 && number > 0, lines == 7 && number == 2);
            let wanted = match (boot.is_some(), begun, ended) {
                (_, _, true) => End::Known(accepted()),
                (true, false, false) => End::NeverBegun,
                _ => End::Unknown,
            };
            assert_eq!(remains.end, wanted, "try {number}, cut at {cut}");
        }
    }
    drop(journal);
}

#[test]
fn what_is_missing_says_nothing_after_another_start_of_the_machine_or_in_a_damaged_file() {
    let line = |line: Line<'_>| line.bytes();
    let opened = line(Line::Opened { format: FORMAT, boot: BOOT.map(Cow::Borrowed) });
    let (one, other) = (notice(1), notice(2));
    let asked = |notice| line(Line::Asked { fence: 7, notice: Cow::Borrowed(notice) });
    let ended = line(Line::Ended { fence: 7, key: other.key, verdict: Cow::Owned(accepted()) });
    let whole = [opened, asked(&one), asked(&other), ended].concat();
    assert_eq!(ends(&remains(&whole, BOOT)), [End::NeverBegun, End::Known(accepted())]);
    for boot in [Some("another start"), None] {
        assert_eq!(ends(&remains(&whole, boot)), [End::Unknown, End::Known(accepted())]);
    }
    for more in [&b"\0\0\0\n"[..], b"\0\0\0", b"{\"begun\":\0", b"x"] {
        let damaged = [&whole[..], more].concat();
        assert_eq!(ends(&remains(&damaged, BOOT)), [End::Unknown, End::Known(accepted())], "{more:?}");
    }
    assert!(remains(&whole[1..], BOOT).is_empty(), "without its first line it says nothing");
    let newer = line(Line::Opened { format: FORMAT + 1, boot: BOOT.map(Cow::Borrowed) });
    assert!(remains(&[newer, asked(&one)].concat(), BOOT).is_empty(), "another version's");
}

#[test]
fn it_stays_small_and_forgets_nothing_that_is_under_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path()).expect("a folder");
    let long = notice(u128::MAX);
    journal.asked(&long, 1);
    assert!(journal.begun(long.key, 1));
    for number in 0..6000 {
        let short = notice(number);
        journal.asked(&short, 1);
        assert!(journal.begun(short.key, 1));
        journal.ended(short.key, 1, &accepted());
        journal.forget(short.key, 1);
        let length = std::fs::metadata(only_file(folder.path())).expect("a file").len();
        assert!(length < 2 * BYTES_MAX as u64, "{length} bytes");
    }
    journal.abandon();
    let next = Journal::open(folder.path()).expect("a folder");
    let found = next.abandoned(&only_file(folder.path())).expect("its worker lives no more").remains;
    assert_eq!(found.len(), 1, "what is settled is left out");
    assert_eq!((found[0].notice.key, &found[0].end), (long.key, &End::Unknown));
}

#[test]
fn a_disk_that_takes_no_more_makes_it_say_nothing() {
    // Every write to this device fails as on a full disk, and it has no length that could be set.
    let Ok(full) = OpenOptions::new().append(true).open("/dev/full") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let journal = three(folder.path());
    let open = journal.open.as_ref().expect("it is open");
    let change = |file| std::mem::replace(&mut open.book().page.as_mut().expect("it has lines").file, file);
    let real = change(full);
    assert!(!journal.begun(notice(1).key, 7), "the file says that it was never begun, and cannot be mended");
    assert!(open.book().is_spoilt);
    journal.asked(&notice(5), 7);
    assert!(journal.begun(notice(5).key, 7), "of this one it says nothing");
    change(real);
    journal.asked(&notice(4), 7);
    assert!(!open.book().is_spoilt, "it is emptied, and goes on");
    assert!(journal.begun(notice(4).key, 7));
    let found = remains(&std::fs::read(only_file(folder.path())).expect("it can be read"), open.boot.as_deref());
    assert_eq!(found.iter().map(|remains| remains.notice.key).collect::<Vec<_>>(), [notice(4).key]);
}
