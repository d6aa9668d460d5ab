//! Secrets that can be recognised wherever they turn up, and all that the binary lets out.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// A secret of one test.
#[derive(Debug, Clone)]
pub(super) struct Plant {
    name: &'static str,
    /// The secret as its owner writes it.
    pub(super) text: String,
    /// The part by which it is found: letters and digits, so that no address, header or JSON writes it otherwise.
    core: String,
}

impl Plant {
    /// A password with the signs at which addresses and files of passwords stumble.
    pub(super) fn new(name: &'static str) -> Self {
        let core = Uuid::new_v4().simple().to_string();
        Self { name, text: format!("Pl@nt:{core}/+%?"), core }
    }

    /// A secret that signs webhooks.
    pub(super) fn signing(name: &'static str) -> Self {
        let core = Uuid::new_v4().simple().to_string();
        Self { name, text: format!("whsec_{}", STANDARD.encode(&core)), core }
    }

    /// An address that only who knows it can use.
    pub(super) fn address(name: &'static str, base: &str) -> Self {
        let core = Uuid::new_v4().simple().to_string();
        Self { name, text: format!("{base}/{core}"), core }
    }

    /// A private key, in PEM.
    pub(super) fn key(name: &'static str) -> Self {
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key").serialize_pem();
        let core = pem.lines().filter(|line| !line.starts_with('-')).collect();
        Self { name, text: pem, core }
    }

    /// Something that is secret as a whole.
    pub(super) fn whole(name: &'static str, text: &str) -> Self {
        Self { name, text: text.to_owned(), core: text.to_owned() }
    }

    /// The text for an address's user part or query.
    pub(super) fn in_address(&self) -> String {
        percent_encoding::utf8_percent_encode(&self.text, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    pub(super) fn write(&self, file: &Path) {
        std::fs::write(file, format!("{}\n", self.text)).expect("a file");
    }

    /// As it stands, in hex, and within base64 at each of the three places where a byte can begin.
    fn forms(&self) -> Vec<String> {
        let hex = self.core.bytes().map(|byte| format!("{byte:02x}")).collect();
        let encoded = (0..3).map(|shift| {
            let text = STANDARD.encode([vec![0; shift], self.core.clone().into_bytes()].concat());
            // What neighbours have a part in is left out.
            text[(shift * 8).div_ceil(6)..(shift + self.core.len()) * 8 / 6].to_owned()
        });
        [self.core.clone(), hex].into_iter().chain(encoded).collect()
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.forms().iter().any(|form| text.contains(form))
    }
}

/// Everything that came out of the binary, each with where it came from.
#[derive(Default)]
pub(super) struct Heard(Vec<(String, String)>);

impl Heard {
    pub(super) fn add(&mut self, from: impl Into<String>, text: impl Into<String>) {
        self.0.push((from.into(), text.into()));
    }

    /// Fails unless each of these words was heard: who hears nothing finds no secret either.
    #[track_caller]
    pub(super) fn assert_holds(&self, words: &[&str]) {
        for word in words {
            assert!(self.0.iter().any(|(_, text)| text.contains(word)), "nothing says {word:?}: {:#?}", self.0);
        }
    }

    #[track_caller]
    pub(super) fn assert_free_of<'a>(&self, plants: impl IntoIterator<Item = &'a Plant>) {
        for plant in plants {
            for (from, text) in &self.0 {
                assert!(!plant.is_in(text), "{} is in {from}: {text}", plant.name);
            }
        }
    }
}

#[test]
fn a_secret_is_found_in_all_its_clothes() {
    let plant = Plant::new("a password");
    let [text, other] = [&plant, &Plant::new("another")].map(|plant| plant.text.clone());
    let clothes = [
        format!("{{\"url\":\"amqp://u:{text}@host\"}}"),
        format!("https://host/?a={}&b", plant.in_address()),
        STANDARD.encode(format!("u:{text}")),
        STANDARD.encode(format!("\0us\0{text}")),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{text}!")),
        text.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for said in &clothes {
        assert!(plant.is_in(said), "{said}");
    }
    assert!(!plant.is_in(&other) && !plant.is_in(&STANDARD.encode(other)));
}
