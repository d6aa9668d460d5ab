//! What people choose on their page: all wishes at once, a language, and a number that they confirm with a code.

use uuid::Uuid;

use super::consent::DECLINE;
use super::error::StoreError;
use super::params::{Args, Col, One, Sql};
use super::rows::CodeCheck;
use super::{Access, Store, now_postgres, now_sqlite};
use crate::domain::id::BrandId;
use crate::domain::person::{Channel, ContactKey, Pii};
use crate::domain::topic::Topic;

/// Tries at one code: a stranger finds one of a million by chance in five.
const CODE_TRIES_MAX: i64 = 5;

// What stood for every brand ends here: the person has said now what they wish.
const FORGET: Sql = Sql {
    postgres: "delete from wishes where contact = any($2::uuid[]) and brand in ($1, '')",
    sqlite: "delete from wishes where contact in (select unhex(value->>0) from json_each($2)) and brand in ($1, '')",
};

const LOCALE: Sql = Sql {
    postgres: concat!(
        "insert into preferences (contact, brand, locale, at) values ($2, $3, $4, ",
        now_postgres!(),
        ") on conflict (contact, brand) do update set locale = excluded.locale, at = excluded.at"
    ),
    sqlite: concat!(
        "insert into preferences (contact, brand, locale, at) values ($2, $3, $4, ",
        now_sqlite!(),
        ") on conflict (contact, brand) do update set locale = excluded.locale, at = excluded.at"
    ),
};

const NUMBER: Sql = Sql {
    postgres: concat!(
        "insert into preferences (contact, brand, number, at) values ($2, $3, nullif($4, ''), ",
        now_postgres!(),
        ") on conflict (contact, brand) do update set number = excluded.number, at = excluded.at"
    ),
    sqlite: concat!(
        "insert into preferences (contact, brand, number, at) values ($2, $3, nullif($4, ''), ",
        now_sqlite!(),
        ") on conflict (contact, brand) do update set number = excluded.number, at = excluded.at"
    ),
};

const ASKED: Sql = Sql {
    postgres: concat!(
        "select who, count(*) from code_asks where who = any($2::uuid[]) and at > ",
        now_postgres!(),
        " - 86400000 group by who"
    ),
    sqlite: concat!(
        "select who, count(*) from code_asks where who in (select unhex(value->>0) from json_each($2)) and at > ",
        now_sqlite!(),
        " - 86400000 group by who"
    ),
};

const ASK: Sql = Sql {
    postgres: concat!("insert into code_asks (who, at) select w, ", now_postgres!(), " from unnest($2::uuid[]) as w"),
    sqlite: concat!("insert into code_asks (who, at) select unhex(value->>0), ", now_sqlite!(), " from json_each($2)"),
};

const CODE: Sql = Sql {
    postgres: concat!(
        "insert into codes (contact, brand, number, digest, tries, expires_at) values ($2, $3, $4, $5, 0, ",
        now_postgres!(),
        " + $6) on conflict (contact, brand) do update
         set number = excluded.number, digest = excluded.digest, tries = 0, expires_at = excluded.expires_at"
    ),
    sqlite: concat!(
        "insert into codes (contact, brand, number, digest, tries, expires_at) values ($2, $3, $4, $5, 0, ",
        now_sqlite!(),
        " + $6) on conflict (contact, brand) do update
         set number = excluded.number, digest = excluded.digest, tries = 0, expires_at = excluded.expires_at"
    ),
};

// A try is counted before it is judged, so that a hundred at once are no more than five.
const TRY: Sql = Sql {
    postgres: concat!(
        "update codes set tries = tries + 1 where contact = $2 and brand = $3 and tries < $4 and expires_at > ",
        now_postgres!(),
        " returning number, digest"
    ),
    sqlite: concat!(
        "update codes set tries = tries + 1 where contact = $2 and brand = $3 and tries < $4 and expires_at > ",
        now_sqlite!(),
        " returning number, digest"
    ),
};

const USED: Sql = Sql::same("delete from codes where contact = $1 and brand = $2");

const WAITING: Sql = Sql {
    postgres: concat!(
        "select number from codes where contact = any($4::uuid[]) and brand = $2 and tries < $3 and expires_at > ",
        now_postgres!()
    ),
    sqlite: concat!(
        "select number from codes where contact in (select unhex(value->>0) from json_each($4)) and brand = $2 and tries < $3
             and expires_at > ",
        now_sqlite!()
    ),
};

// Rows from before the newest secret take its name, so that there is one row for each person and brand. $1: that name, $2: the
// brand, $3: every name. What stands under the newest name already is newer; a
// number that is missing there was removed, a language was only never chosen.
const RENAME: Sql = Sql {
    postgres: "insert into preferences (contact, brand, locale, number, at)
         select $1, brand, locale, number, at from preferences where contact = any($3::uuid[]) and contact <> $1 and brand = $2
         order by at desc limit 1
         on conflict (contact, brand) do update set locale = coalesce(preferences.locale, excluded.locale)",
    sqlite: "insert into preferences (contact, brand, locale, number, at)
         select $1, brand, locale, number, at from preferences
         where contact in (select unhex(value->>0) from json_each($3)) and contact <> $1 and brand = $2
         order by at desc limit 1
         on conflict (contact, brand) do update set locale = coalesce(preferences.locale, excluded.locale)",
};
const RENAMED: Sql = Sql {
    postgres: "delete from preferences where contact = any($3::uuid[]) and contact <> $1 and brand = $2",
    sqlite: "delete from preferences
         where contact in (select unhex(value->>0) from json_each($3)) and contact <> $1 and brand = $2",
};

impl Store {
    /// Notes that somebody declines these topics of a brand's messages on a channel: all of them, or on an error none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn decline_topics(
        &self,
        contact: ContactKey,
        brand: &BrandId,
        channel: Channel,
        topics: &[Topic],
        source: &str,
    ) -> Result<(), StoreError> {
        let declines =
            topics.iter().map(|topic| self.declining(contact, brand.as_str(), channel, topic.as_str(), source));
        let declines = declines.collect::<Result<Vec<_>, _>>()?;
        self.with(Access::Transaction, move |mut conn| async move {
            for args in declines {
                conn.execute(&DECLINE, args).await?;
            }
            Ok((conn, ()))
        })
        .await
    }

    /// Keeps what somebody declines of a brand's messages, in the place of all that they declined of them before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn choose_wishes(
        &self,
        contact: ContactKey,
        brand: &BrandId,
        declined: &[(Channel, Topic)],
        source: &str,
    ) -> Result<(), StoreError> {
        let forget = self.args(&[One::Text(brand.as_str())], &[Col::Uuid(self.mask.names(contact))])?;
        let declines = declined
            .iter()
            .map(|(channel, topic)| self.declining(contact, brand.as_str(), *channel, topic.as_str(), source))
            .collect::<Result<Vec<_>, _>>()?;
        self.with(Access::Transaction, move |mut conn| async move {
            conn.execute(&FORGET, forget).await?;
            for args in declines {
                conn.execute(&DECLINE, args).await?;
            }
            Ok((conn, ()))
        })
        .await
    }

    /// Keeps the language in which somebody wants a brand's messages.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn choose_locale(&self, contact: ContactKey, brand: &BrandId, locale: &str) -> Result<(), StoreError> {
        self.prefer(&LOCALE, contact, brand, locale, None).await
    }

    /// Forgets the number that somebody confirmed for a brand's texts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_number(&self, contact: ContactKey, brand: &BrandId) -> Result<(), StoreError> {
        self.prefer(&NUMBER, contact, brand, "", None).await
    }

    /// Writes one preference under the newest name, with what stood under older ones, and does `also` with it.
    async fn prefer(
        &self,
        sql: &'static Sql,
        contact: ContactKey,
        brand: &BrandId,
        value: &str,
        also: Option<(&'static Sql, Args)>,
    ) -> Result<(), StoreError> {
        let name = self.mask.name(contact);
        let of = || One::Text(brand.as_str());
        let older = || self.args(&[One::Uuid(name), of()], &[Col::Uuid(self.mask.names(contact))]);
        let (rename, renamed) = (older()?, older()?);
        let keep = self.args(&[self.now(), One::Uuid(name), of(), One::Text(value)], &[])?;
        self.with(Access::Transaction, move |mut conn| async move {
            conn.execute(&RENAME, rename).await?;
            conn.execute(&RENAMED, renamed).await?;
            conn.execute(sql, keep).await?;
            if let Some((sql, args)) = also {
                conn.execute(sql, args).await?;
            }
            Ok((conn, ()))
        })
        .await
    }

    /// Keeps a code that waits to be typed in for `minutes`, unless this person, or this number, had `a_day` of them in 24 hours:
    /// then false. The code itself is not kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expect_code(
        &self,
        contact: ContactKey,
        brand: &BrandId,
        number: &str,
        code: &str,
        (minutes, a_day): (u16, u16),
    ) -> Result<bool, StoreError> {
        let phone = ContactKey::new(Channel::Sms, number);
        let who = || [Col::Uuid(vec![self.mask.name(contact), self.mask.name(phone)])];
        let asked: Vec<(Uuid, i64)> = self.read(&ASKED, &[self.now()], &who()).await?;
        if asked.iter().any(|(_, count)| *count >= i64::from(a_day)) {
            return Ok(false);
        }
        let ask = self.args(&[self.now()], &who())?;
        let digest = self.mask.digest(contact, &format!("{number}\0{code}"));
        let ones = [
            self.now(),
            One::Uuid(self.mask.name(contact)),
            One::Text(brand.as_str()),
            One::Text(number),
            One::Uuid(digest),
            One::Int(i64::from(minutes) * 60_000),
        ];
        let keep = self.args(&ones, &[])?;
        self.with(Access::Transaction, move |mut conn| async move {
            conn.execute(&ASK, ask).await?;
            conn.execute(&CODE, keep).await?;
            Ok((conn, true))
        })
        .await
    }

    /// The number whose code somebody is expected to type in.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expected_number(
        &self,
        contact: ContactKey,
        brand: &BrandId,
    ) -> Result<Option<Pii<String>>, StoreError> {
        let ones = [self.now(), One::Text(brand.as_str()), One::Int(CODE_TRIES_MAX)];
        let rows: Vec<(String,)> = self.read(&WAITING, &ones, &[Col::Uuid(self.mask.names(contact))]).await?;
        Ok(rows.into_iter().next().map(|(number,)| Pii::new(number)))
    }

    /// Judges a code. The right one makes its number the one for this brand's texts, and lifts what kept messages from it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn confirm_number(
        &self,
        contact: ContactKey,
        brand: &BrandId,
        code: &str,
    ) -> Result<CodeCheck, StoreError> {
        let name = self.mask.name(contact);
        let ones = [self.now(), One::Uuid(name), One::Text(brand.as_str()), One::Int(CODE_TRIES_MAX)];
        let rows: Vec<(String, Uuid)> = self.write(&TRY, &ones, &[]).await?;
        let Some((number, digest)) = rows.into_iter().next() else { return Ok(CodeCheck::Over) };
        if self.mask.digest(contact, &format!("{number}\0{code}")) != digest {
            return Ok(CodeCheck::Wrong);
        }
        let used = self.args(&[One::Uuid(name), One::Text(brand.as_str())], &[])?;
        self.prefer(&NUMBER, contact, brand, &number, Some((&USED, used))).await?;
        // Whoever reads the code has the number in hand, and wants texts there now.
        let phone = ContactKey::new(Channel::Sms, &number);
        self.lift(phone).await?;
        self.allow(phone, Some(brand), Channel::Sms, None).await?;
        Ok(CodeCheck::Right)
    }
}
