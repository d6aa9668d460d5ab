//! Words that people send back to a text. Only a text that is such a word and nothing else counts: who writes a sentence means
//! to be read by a person.

/// What an answer to a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// No more texts.
    Stop,
    /// Texts again.
    Start,
    /// Asks who is there; the gateway answers, or the shop.
    Help,
    /// Something else: not for us to understand.
    Other,
}

/// STOP to REVOKE: Twilio's words for every long number. OPT-OUT, REMOVE, ARRET, TD: the words that AWS must honour by law of the
/// USA and Canada. The rest is ours: how the four languages of this house say it, with and without their accents. Sources:
/// Twilio, "Advanced Opt-Out"; AWS End User Messaging, "Required opt-out keywords", both as read in 2026.
const STOP: [&str; 29] = [
    "stop",
    "stopall",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt-out",
    "opt out",
    "remove",
    "arret",
    "arrêt",
    "td", // Polish.
    "wypisz",
    "rezygnuję",
    "rezygnuje",
    "koniec", // Ukrainian.
    "стоп",
    "відписатися",
    "відписка",
    "відмова",
    "припинити", // Portuguese.
    "parar",
    "pare",
    "sair",
    "cancelar",
    "descadastrar",
    "remover",
];
/// START, UNSTOP and YES: Twilio and Sinch; the rest is ours.
const START: [&str; 11] =
    ["start", "unstop", "yes", "subscribe", "tak", "zapisz", "старт", "так", "voltar", "sim", "iniciar"];
/// HELP and INFO: as the American carriers ask for them; the rest is ours.
const HELP: [&str; 6] = ["help", "info", "pomoc", "допомога", "ajuda", "інфо"];

/// Reads an answer, whatever its case, and whatever signs and blanks stand around it.
pub fn read(text: &str) -> Answer {
    let word: Vec<String> = text
        .split_whitespace()
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|part| !part.is_empty())
        .collect();
    let word = word.join(" ");
    match word.as_str() {
        word if STOP.contains(&word) => Answer::Stop,
        word if START.contains(&word) => Answer::Start,
        word if HELP.contains(&word) => Answer::Help,
        _ => Answer::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_alone_is_a_wish_and_a_sentence_is_none() {
        for text in ["STOP", "stop.", " Stop! ", "«СТОП»", "Wypisz", "OPT-OUT", "opt out", "ARRÊT", "Parar", "відписка"]
        {
            assert_eq!(read(text), Answer::Stop, "{text}");
        }
        for text in ["START", "Unstop", "так", "voltar"] {
            assert_eq!(read(text), Answer::Start, "{text}");
        }
        assert_eq!((read("help?"), read("ДОПОМОГА")), (Answer::Help, Answer::Help));
        for text in ["please stop the van at number 4", "don't stop", "", "!!!", "stop stop", "cancel my order"] {
            assert_eq!(read(text), Answer::Other, "{text}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let all: Vec<&str> = STOP.into_iter().chain(START).chain(HELP).collect();
        for (place, word) in all.iter().enumerate() {
            assert!(!all[..place].contains(word), "{word}");
            assert_eq!(*word, word.to_lowercase());
        }
    }
}
