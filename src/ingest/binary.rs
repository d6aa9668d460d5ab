//! CloudEvents in binary mode: the attributes travel beside the data, in headers.

use serde::{Deserialize, Serialize};

use super::fault::{self, Fault};

/// Attributes of one event in binary mode, by their CloudEvents names, in the order in which they came.
///
/// One that came twice is kept twice, so that the decoder refuses it as it does in structured mode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(Vec<(String, String)>);

/// Attributes of one event; more are ignored.
const COUNT_MAX: usize = 64;
/// Bytes of an attribute's value that can matter; longer ones are ignored, or refused where they are required.
const VALUE_BYTES_MAX: usize = 4_096;

impl Attributes {
    /// Takes one header: `cloudEvents_id`, `cloudEvents:id`, `ce-id` (any case). False: it is no attribute.
    pub fn take(&mut self, header: &str, value: impl Into<String>) -> bool {
        let Some(name) = attribute(header) else { return false };
        self.push(name, value);
        true
    }

    /// Adds an attribute by its CloudEvents name.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let value = value.into();
        if self.0.len() < COUNT_MAX && value.len() <= VALUE_BYTES_MAX {
            self.0.push((name.into(), value));
        }
    }

    /// Whether there are any: without, a message is structured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kept form (`store::rows::Refused::headers`).
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("pairs of text are json")
    }

    /// Reads the kept form back.
    ///
    /// # Errors
    /// [`Fault`] if it is not that form.
    pub fn from_json(text: &str) -> Result<Self, Fault> {
        fault::read(text, "headers")
    }

    /// Composes the event in structured JSON. The data must be JSON by itself: otherwise it could close its member and open
    /// others.
    pub(super) fn compose(&self, data: &[u8]) -> Result<Vec<u8>, Fault> {
        let text = std::str::from_utf8(data)
            .map_err(|err| Fault::new("data", &format!("not utf-8 at byte {}", err.valid_up_to())))?
            .trim_ascii();
        let mut out = Vec::with_capacity(data.len() + 64 * (self.0.len() + 1));
        out.push(b'{');
        for (name, value) in &self.0 {
            if name == "data" || name == "data_base64" {
                continue;
            }
            serde_json::to_writer(&mut out, name).expect("a Vec takes all");
            out.push(b':');
            serde_json::to_writer(&mut out, value).expect("a Vec takes all");
            out.push(b',');
        }
        if text.is_empty() {
            // An event without data: the comma behind the last attribute has to go.
            out.pop_if(|last| *last == b',');
        } else {
            fault::whole(text, "data")?;
            out.extend_from_slice(b"\"data\":");
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'}');
        Ok(out)
    }
}

/// The attribute that a header stands for: lower-case letters and digits, as CloudEvents names them.
fn attribute(header: &str) -> Option<String> {
    let lower = header.to_ascii_lowercase();
    let name = ["cloudevents_", "cloudevents:", "ce-"].iter().find_map(|prefix| lower.strip_prefix(prefix))?;
    let fits = (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    fits.then(|| name.to_owned())
}
