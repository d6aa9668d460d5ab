//! What the page of wishes shows.

use serde::Serialize;

use crate::domain::person::{Channel, Pii};
use crate::domain::topic::Topic;
use crate::link::OptOut;
use crate::store::rows::Consent;
use crate::voice::Phrases;
use crate::web::form::Forms;

/// Digits of a number that are shown: enough to know one's own, too few to call it.
const END_DIGITS: usize = 3;
/// A number that belongs to nobody. Source: Ofcom, numbers for use in drama.
const EXAMPLE: &str = "+44 7700 900123";

/// The sentence above all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Good(&'static str),
    Bad(&'static str),
    /// The number is theirs.
    Confirmed,
}

/// Whether a topic can be declined on a channel. The contract comes by e-mail whatever is wished, and tips stand in e-mails alone.
pub(super) fn can_decline(channel: Channel, topic: Topic) -> bool {
    match (channel, topic) {
        (Channel::Email, Topic::Necessary) | (Channel::Sms, Topic::Content) => false,
        (Channel::Email | Channel::Sms, _) => true,
    }
}

/// The page.
#[derive(Serialize)]
pub(super) struct Sheet {
    #[serde(skip)]
    heading: String,
    lead: String,
    #[serde(skip)]
    said: Option<String>,
    #[serde(skip)]
    is_good: bool,
    what: String,
    email: String,
    sms: String,
    rows: Vec<Row>,
    language: String,
    languages: Vec<Language>,
    number_title: String,
    number_lead: String,
    number_now: Option<String>,
    number_label: String,
    number_example: String,
    code_sent: Option<String>,
    code_label: String,
    stop_title: String,
    stop_lead: String,
    save: Form,
    number: Form,
    confirm: Form,
    forget: Form,
    stop: Form,
}

/// One topic.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    label: String,
    hint: String,
    ways: Vec<Way>,
}

/// One topic on one channel.
#[derive(Serialize)]
struct Way {
    channel: &'static str,
    /// Cannot be declined: the word that says so.
    fixed: Option<String>,
    shown: bool,
    on: bool,
}

#[derive(Serialize)]
struct Language {
    tag: String,
    name: String,
    chosen: bool,
}

#[derive(Serialize)]
struct Form {
    path: String,
    stamp: String,
    button: String,
}

impl Sheet {
    pub(super) fn heading(&self) -> &str {
        &self.heading
    }

    /// The sentence above all others: what went wrong, or what went well.
    pub(super) fn said(&self) -> (Option<&str>, Option<&str>) {
        let said = self.said.as_deref();
        if self.is_good { (None, said) } else { (said, None) }
    }

    /// `expected`: the number whose code is awaited, and for how many minutes a code can be used.
    pub(super) fn new(
        words: &Phrases<'_>,
        forms: &Forms,
        (token, who): (&str, &OptOut),
        known: &Consent,
        (expected, minutes): (Option<&Pii<String>>, &str),
        said: Said,
    ) -> Self {
        let say = |id: &str| words.say(id, &[]);
        let form = |action: &str, button: &str| {
            let path = format!("/u/{token}/{action}");
            Form { stamp: forms.stamp(&path), path, button: say(button) }
        };
        let number = known.chosen_for(&who.brand).and_then(|chosen| chosen.number.as_ref());
        let ending = |id: &str, number: &Pii<String>| words.say(id, &[("end", end(number)), ("minutes", minutes)]);
        let (is_good, said) = match said {
            Said::Nothing => (true, None),
            Said::Good(id) => (true, Some(say(id))),
            Said::Bad(id) => (false, Some(say(id))),
            Said::Confirmed => (true, number.map(|number| ending("wishes-number-confirmed", number))),
        };
        Self {
            heading: say("wishes-title"),
            lead: say("wishes-lead"),
            said,
            is_good,
            what: say("wishes-what"),
            email: say("wishes-email"),
            sms: say("wishes-sms"),
            rows: Topic::ALL.map(|topic| row(words, known, who, topic)).into(),
            language: say("wishes-language"),
            languages: words.tags().map(|tag| language(tag, words.tag())).collect(),
            number_title: say("wishes-number-title"),
            number_lead: say("wishes-number-lead"),
            number_now: number.map(|number| ending("wishes-number-now", number)),
            number_label: say("wishes-number-label"),
            number_example: words.say("wishes-number-example", &[("example", EXAMPLE)]),
            code_sent: expected.map(|number| ending("wishes-code-sent", number)),
            code_label: say("wishes-code-label"),
            stop_title: say("wishes-stop-title"),
            stop_lead: say("wishes-stop-lead"),
            save: form("wishes", "wishes-save"),
            number: form("number", "wishes-number-send"),
            confirm: form("code", "wishes-code-confirm"),
            forget: form("forget", "wishes-number-remove"),
            stop: form("stop", "wishes-stop"),
        }
    }
}

fn row(words: &Phrases<'_>, known: &Consent, who: &OptOut, topic: Topic) -> Row {
    let way = |channel: Channel| {
        let always = channel == Channel::Email && topic == Topic::Necessary;
        Way {
            channel: channel.as_str(),
            fixed: always.then(|| words.say("wishes-always", &[])),
            shown: can_decline(channel, topic),
            on: known.allows(&who.brand, channel, topic),
        }
    };
    let id = format!("wishes-{}", topic.as_str());
    let hint = words.say(&format!("{id}-hint"), &[]);
    Row { name: topic.as_str(), label: words.say(&id, &[]), hint, ways: Channel::ALL.map(way).into() }
}

/// A language by its own name; one that this house does not speak itself, by its tag.
fn language(tag: &str, chosen: &str) -> Language {
    let name = match tag {
        "en" => "English",
        "pl" => "Polski",
        "uk" => "Українська",
        "pt-BR" => "Português (Brasil)",
        other => other,
    };
    Language { tag: tag.to_owned(), name: name.to_owned(), chosen: tag == chosen }
}

fn end(number: &Pii<String>) -> &str {
    let number = number.expose();
    number.get(number.len().saturating_sub(END_DIGITS)..).unwrap_or_default()
}
