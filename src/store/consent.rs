//! What people wish, which addresses are dead, and how much each contact has had.

use std::collections::HashMap;

use uuid::Uuid;

use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::rows::{Chosen, Consent, Dead, Declined};
use super::{Store, now_postgres, now_sqlite};
use crate::domain::id::BrandId;
use crate::domain::person::{Channel, ContactKey, Pii};
use crate::domain::topic::Topic;

/// How a wish about everything, or about every brand, is written where one would stand.
const EVERYTHING: &str = "";

// Three small tables in one question, since it is asked for every message: of most contacts there is nothing.
const KNOWN: Sql = Sql {
    postgres: concat!(
        "select contact, 'declined' as what, brand, channel as first, topic as second
         from wishes where contact = any($2::uuid[])
         union all
         select contact, 'dead', '', reason, '' from suppressed
         where contact = any($2::uuid[]) and (until_at is null or until_at > ",
        now_postgres!(),
        ")
         union all
         select contact, 'chosen', brand, coalesce(locale, ''), coalesce(number, '') from preferences
         where contact = any($2::uuid[])"
    ),
    sqlite: concat!(
        "select contact, 'declined' as what, brand, channel as first, topic as second
         from wishes where contact in (select unhex(value->>0) from json_each($2))
         union all
         select contact, 'dead', '', reason, '' from suppressed
         where contact in (select unhex(value->>0) from json_each($2)) and (until_at is null or until_at > ",
        now_sqlite!(),
        ")
         union all
         select contact, 'chosen', brand, coalesce(locale, ''), coalesce(number, '') from preferences
         where contact in (select unhex(value->>0) from json_each($2))"
    ),
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

pub(super) const DECLINE: Sql = Sql {
    postgres: concat!(
        "insert into wishes (contact, brand, channel, topic, source, at) values ($2, $3, $4, $5, $6, ",
        now_postgres!(),
        ") on conflict do nothing"
    ),
    sqlite: concat!(
        "insert into wishes (contact, brand, channel, topic, source, at) values ($2, $3, $4, $5, $6, ",
        now_sqlite!(),
        ") on conflict do nothing"
    ),
};

// A wish that was kept for every brand stays with the others: it is written out for none, and so ends for all.
pub(super) const ALLOW: Sql = Sql::same(
    "delete from wishes where contact = $1 and channel = $2 and ($3 = '' or topic in ($3, '')) and ($4 = '' or brand in ($4, ''))",
);

impl Store {
    /// What these contacts wish, whether they can be reached, and how many notices each has had in the last 24 hours; one answer
    /// for each, in their order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn consents(&self, contacts: &[ContactKey]) -> Result<Vec<Consent>, StoreError> {
        if contacts.is_empty() {
            return Ok(Vec::new());
        }
        // Each name with its contact, and its place: the newest comes first.
        let names: HashMap<Uuid, (ContactKey, usize)> = contacts
            .iter()
            .flat_map(|contact| {
                self.mask.names(*contact).into_iter().enumerate().map(move |(place, name)| (name, (*contact, place)))
            })
            .collect();
        let mut known: Vec<(Uuid, String, String, String, String)> =
            self.read(&KNOWN, &[self.now()], &[Col::Uuid(names.keys().copied().collect())]).await?;
        // What was chosen under the newest name is newer than what an older one still has.
        known.sort_by_key(|(name, ..)| names.get(name).map(|(_, place)| *place));
        let plain = Col::Uuid(contacts.iter().map(|contact| contact.0).collect());
        let told: Vec<(Uuid, i64)> = self.read(&TOLD, &[self.now()], &[plain]).await?;
        let told: HashMap<Uuid, i64> = told.into_iter().collect();
        let mut out: HashMap<ContactKey, Consent> = HashMap::new();
        for (name, what, brand, first, second) in known {
            let Some((contact, _)) = names.get(&name) else { continue };
            let entry = out.entry(*contact).or_insert_with(|| nothing(*contact));
            match what.as_str() {
                "declined" => entry.declined.push(declined(name, brand, &first, &second)?),
                "dead" => {
                    let reason = Dead::parse(&first);
                    entry.dead = Some(reason.ok_or_else(|| StoreError::corrupt("suppressed", "reason", name))?);
                }
                _ => entry.chosen.push(chosen(brand, first, second)),
            }
        }
        let answer = |contact: &ContactKey| {
            let told_last_day = told.get(&contact.0).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX));
            let known = out.get(contact).cloned().unwrap_or_else(|| nothing(*contact));
            Consent { told_last_day, ..known }
        };
        Ok(contacts.iter().map(answer).collect())
    }

    /// Notes that a contact declines a topic on a channel; `None`: everything there. `brand`: of whom, `None` of everyone.
    /// `source` says how we know: `one_click`, `page`, `sms`, `import`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn decline(
        &self,
        contact: ContactKey,
        brand: Option<&BrandId>,
        channel: Channel,
        topic: Option<Topic>,
        source: &str,
    ) -> Result<(), StoreError> {
        let ones = [
            self.now(),
            One::Uuid(self.mask.name(contact)),
            One::Text(brand.map_or(EVERYTHING, BrandId::as_str)),
            One::Text(channel.as_str()),
            One::Text(topic.map_or(EVERYTHING, Topic::as_str)),
            One::Text(source),
        ];
        self.execute(&DECLINE, &ones, &[]).await?;
        Ok(())
    }

    /// Takes back what was declined of a topic on a channel, or all of it (`None`). What was declined for every brand ends with
    /// it: the person says so now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn allow(
        &self,
        contact: ContactKey,
        brand: Option<&BrandId>,
        channel: Channel,
        topic: Option<Topic>,
    ) -> Result<(), StoreError> {
        for name in self.mask.names(contact) {
            let ones = [
                One::Uuid(name),
                One::Text(channel.as_str()),
                One::Text(topic.map_or(EVERYTHING, Topic::as_str)),
                One::Text(brand.map_or(EVERYTHING, BrandId::as_str)),
            ];
            self.execute(&ALLOW, &ones, &[]).await?;
        }
        Ok(())
    }
}

fn nothing(contact: ContactKey) -> Consent {
    Consent { contact, declined: Vec::new(), dead: None, chosen: Vec::new(), told_last_day: 0 }
}

fn declined(name: Uuid, brand: String, channel: &str, topic: &str) -> Result<Declined, StoreError> {
    let bad = |column| StoreError::corrupt("wishes", column, name);
    let topic = match topic {
        EVERYTHING => None,
        word => Some(Topic::parse(word).ok_or_else(|| bad("topic"))?),
    };
    let brand = (!brand.is_empty()).then(|| BrandId::new(brand));
    Ok(Declined { brand, channel: Channel::parse(channel).ok_or_else(|| bad("channel"))?, topic })
}

fn chosen(brand: String, locale: String, number: String) -> Chosen {
    let given = |text: String| (!text.is_empty()).then_some(text);
    Chosen { brand: BrandId::new(brand), locale: given(locale), number: given(number).map(Pii::new) }
}
