//! The words of one language: Fluent messages, with the brand's own laid over the shipped ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast;
use unic_langid::LanguageIdentifier;

/// What a variable holds when the fact is not known; sentences have a variant for it.
pub(crate) const NONE: &str = "none";

/// The words of one language, ready to speak.
pub(crate) struct Words {
    /// BCP 47 tag of the words file (`pt-BR`).
    pub(crate) tag: String,
    bundle: FluentBundle<Arc<FluentResource>>,
}

/// A sentence that could not be made. Names the message, never what it would have said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// The words file has no such message.
    #[error("no words for `{key}` in {tag}")]
    Missing { tag: String, key: String },
    /// The message uses a variable or message that does not exist.
    #[error("`{key}` in {tag} cannot be said: {cause}")]
    Broken { tag: String, key: String, cause: String },
}

impl Words {
    /// Reads the sources in order; a later one replaces messages of an earlier one.
    ///
    /// # Errors
    /// A sentence naming the line that cannot be read, or the tag that is none.
    pub(crate) fn new(tag: &str, sources: &[Arc<FluentResource>]) -> Result<Self, String> {
        let language: LanguageIdentifier = tag.parse().map_err(|_| format!("`{tag}` is not a language tag"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Isolating marks keep right-to-left names apart, but mail subjects and SMS would carry them as odd characters,
        // and in SMS they would cost UCS-2. Names are cleaned of direction marks instead (see `harmless`).
        bundle.set_use_isolating(false);
        for source in sources {
            bundle.add_resource_overriding(source.clone());
        }
        Ok(Self { tag: tag.to_owned(), bundle })
    }

    /// Says a message.
    pub(crate) fn say(&self, id: &str, args: &FluentArgs<'_>) -> Result<String, WordsError> {
        self.speak(id, None, args)?.ok_or_else(|| self.missing(id, None))
    }

    /// Says an attribute of a message.
    pub(crate) fn say_part(&self, id: &str, part: &str, args: &FluentArgs<'_>) -> Result<String, WordsError> {
        self.speak(id, Some(part), args)?.ok_or_else(|| self.missing(id, Some(part)))
    }

    /// Says an attribute if the message has it.
    pub(crate) fn say_if(&self, id: &str, part: &str, args: &FluentArgs<'_>) -> Result<Option<String>, WordsError> {
        self.speak(id, Some(part), args)
    }

    /// The keys that a language must have: all of the reference but those that its own sentences are built of, since each
    /// language builds its sentences of other parts.
    pub(crate) fn required(reference: &FluentResource) -> BTreeSet<String> {
        let source = reference.source();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let parts: BTreeSet<&str> = source
            .split('{')
            .map(|after| after.trim_start())
            .filter(|after| after.starts_with(|c: char| c.is_ascii_alphabetic()))
            .map(|after| &after[..after.find(|c| !is_name(c)).unwrap_or(after.len())])
            .collect();
        Self::keys(reference).into_iter().filter(|key| !parts.contains(key.as_str())).collect()
    }

    /// Every message and attribute that can be said: `shipped.subject`.
    pub(crate) fn keys(resource: &FluentResource) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for entry in resource.entries() {
            if let ast::Entry::Message(message) = entry {
                if message.value.is_some() {
                    keys.insert(message.id.name.to_owned());
                }
                keys.extend(message.attributes.iter().map(|part| format!("{}.{}", message.id.name, part.id.name)));
            }
        }
        keys
    }

    fn speak(&self, id: &str, part: Option<&str>, args: &FluentArgs<'_>) -> Result<Option<String>, WordsError> {
        let Some(message) = self.bundle.get_message(id) else { return Ok(None) };
        let pattern = match part {
            None => message.value(),
            Some(part) => message.get_attribute(part).map(|attribute| attribute.value()),
        };
        let Some(pattern) = pattern else { return Ok(None) };
        let mut errors = Vec::new();
        let said = self.bundle.format_pattern(pattern, Some(args), &mut errors);
        match errors.first() {
            None => Ok(Some(said.into_owned())),
            Some(error) => Err(WordsError::Broken {
                tag: self.tag.clone(),
                key: key(id, part),
                cause: error.to_string().to_lowercase(),
            }),
        }
    }

    fn missing(&self, id: &str, part: Option<&str>) -> WordsError {
        WordsError::Missing { tag: self.tag.clone(), key: key(id, part) }
    }
}

fn key(id: &str, part: Option<&str>) -> String {
    match part {
        None => id.to_owned(),
        Some(part) => format!("{id}.{part}"),
    }
}

/// Reads one words file.
///
/// # Errors
/// A sentence that names the first line that cannot be read.
pub(crate) fn parse(source: String) -> Result<Arc<FluentResource>, String> {
    match FluentResource::try_new(source) {
        Ok(resource) => Ok(Arc::new(resource)),
        Err((resource, errors)) => {
            let error = errors.first().expect("a refused file comes with its errors");
            let line = resource.source()[..error.pos.start.min(resource.source().len())].lines().count().max(1);
            Err(format!("line {line}: {}", error.kind).to_lowercase())
        }
    }
}
