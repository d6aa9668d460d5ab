//! Over three hundred hostile names and products in every message, page and file, parsed back by a browser's parser, a mail parser
//! and a calendar's rules: no element, attribute, header, recipient or pressable word that is not there with harmless words too.
//!
//! `DOORSTEP_TEST_NAUGHTY` names a folder with `blns.json`, the big list of naughty strings, to be thrown in as well;
//! `DOORSTEP_TEST_HOSTILE=all` puts every text into every member in turn, which takes some minutes.

mod judge;
mod mails;
mod orders;
mod pages;
mod texts;

/// How often each text moves on to another member: all of them on demand, else so many that the suite stays quick.
fn rounds(all: usize) -> usize {
    if std::env::var("DOORSTEP_TEST_HOSTILE").is_ok_and(|which| which == "all") { all } else { 1 }
}

#[test]
fn the_list_is_long_and_holds_what_it_should() {
    let all = texts::all();
    assert!(all.len() >= 300, "{}", all.len());
    for sign in
        ["<", "\"", "'", "{{", "[[", "\r\n", "https://", "\u{202e}", "\u{200b}", "javascript:", "END:VEVENT", "👍"]
    {
        assert!(all.iter().any(|text| text.contains(sign)), "{sign:?}");
    }
}
