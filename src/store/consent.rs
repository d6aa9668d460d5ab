//! Who wishes not to be told, and how much each contact has had.

use std::collections::HashMap;

use uuid::Uuid;

use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::rows::Consent;
use super::{Store, now_postgres, now_sqlite};
use crate::domain::person::{Channel, ContactKey};
use crate::domain::stage::Class;

/// How an opt-out from everything is written where a class would stand.
const EVERYTHING: &str = "";

const OPTED_OUT: Sql = Sql {
    postgres: "select contact, class from optouts where contact = any($1::uuid[])",
    sqlite: "select contact, class from optouts where contact in (select unhex(value->>0) from json_each($1))",
};

const TOLD: Sql = Sql {
    postgres: concat!(
        "select contact, count(*) from told where contact = any($2::uuid[]) and at > ",
        now_postgres!(),
        " - 86400000 group by contact"
    ),
    sqlite: concat!(
        "select contact, count(*) from told where contact in (select unhex(value->>0) from json_each($2)) and at > ",
        now_sqlite!(),
        " - 86400000 group by contact"
    ),
};

const OPT_OUT: Sql = Sql {
    postgres: concat!(
        "insert into optouts (contact, class, channel, source, at) values ($2, $3, $4, $5, ",
        now_postgres!(),
        ") on conflict (contact, class) do nothing"
    ),
    sqlite: concat!(
        "insert into optouts (contact, class, channel, source, at) values ($2, $3, $4, $5, ",
        now_sqlite!(),
        ") on conflict (contact, class) do nothing"
    ),
};

const OPT_IN: Sql = Sql::same("delete from optouts where contact = $1 and ($2 = '' or class = $2)");

impl Store {
    /// What these contacts wish, and how many notices each has had in the last 24 hours; one answer for each, in their order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn consents(&self, contacts: &[ContactKey]) -> Result<Vec<Consent>, StoreError> {
        if contacts.is_empty() {
            return Ok(Vec::new());
        }
        let column = || Col::Uuid(contacts.iter().map(|contact| contact.0).collect());
        let opted: Vec<(Uuid, String)> = self.read(&OPTED_OUT, &[], &[column()]).await?;
        let told: Vec<(Uuid, i64)> = self.read(&TOLD, &[self.now()], &[column()]).await?;
        let told: HashMap<Uuid, i64> = told.into_iter().collect();
        let mut out: HashMap<Uuid, (bool, Vec<Class>)> = HashMap::new();
        for (contact, class) in opted {
            let entry = out.entry(contact).or_default();
            if class == EVERYTHING {
                entry.0 = true;
            } else {
                entry.1.push(parse(&class).ok_or_else(|| StoreError::corrupt("optouts", "class", contact))?);
            }
        }
        let consent = |contact: &ContactKey| {
            let (opted_out, mut opted_out_of) = out.get(&contact.0).cloned().unwrap_or_default();
            opted_out_of.sort_unstable_by_key(|class| word(*class));
            let told_last_day = told.get(&contact.0).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX));
            Consent { contact: *contact, opted_out, opted_out_of, told_last_day }
        };
        Ok(contacts.iter().map(consent).collect())
    }

    /// Notes that a contact does not wish news of `class`, or any (`None`). `source` says how we know: `one_click`, `import`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn opt_out(
        &self,
        contact: ContactKey,
        channel: Channel,
        class: Option<Class>,
        source: &str,
    ) -> Result<(), StoreError> {
        let class = class.map_or(EVERYTHING, word);
        let ones = [self.now(), One::Uuid(contact.0), One::Text(class), One::Text(channel.as_str()), One::Text(source)];
        self.execute(&OPT_OUT, &ones, &[]).await?;
        Ok(())
    }

    /// Takes an opt-out back: of `class` alone, or all of them (`None`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn opt_in(&self, contact: ContactKey, class: Option<Class>) -> Result<(), StoreError> {
        let ones = [One::Uuid(contact.0), One::Text(class.map_or(EVERYTHING, word))];
        self.execute(&OPT_IN, &ones, &[]).await?;
        Ok(())
    }
}

fn word(class: Class) -> &'static str {
    match class {
        Class::Progress => "progress",
        Class::Problem => "problem",
        Class::Question => "question",
    }
}

fn parse(text: &str) -> Option<Class> {
    [Class::Progress, Class::Problem, Class::Question].into_iter().find(|class| word(*class) == text)
}
