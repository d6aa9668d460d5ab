//! What providers have called back: once each, with all that follows from it in the same transaction.

use jiff::Timestamp;
use uuid::Uuid;

use super::claim::read_at;
use super::consent::DECLINE;
use super::error::StoreError;
use super::params::{Args, Col, One, Sql};
use super::rows::{Callback, CalledBack, Dead, Effect, Softness};
use super::{Access, Store, now_postgres, now_sqlite};
use crate::domain::id::{BrandId, NoticeKey};
use crate::domain::person::{Channel, ContactKey};
use crate::domain::topic::Topic;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The word for what providers do to an address, where one would say how we know.
const BY_COMPLAINT: &str = "complaint";

const CALLED: Sql = Sql {
    postgres: concat!(
        "insert into callbacks (id, door, kind, notice, at, received_at)
         values ($2, $3, $4, nullif($5, '00000000-0000-0000-0000-000000000000'::uuid), $6, ",
        now_postgres!(),
        ") on conflict do nothing"
    ),
    sqlite: concat!(
        "insert into callbacks (id, door, kind, notice, at, received_at)
         values ($2, $3, $4, nullif($5, zeroblob(16)), $6, ",
        now_sqlite!(),
        ") on conflict do nothing"
    ),
};

// What is for good is not made milder; what is for a while is taken over by what is newer. $7: for how long, 0 for good.
const SUPPRESS: Sql = Sql {
    postgres: concat!(
        "insert into suppressed (contact, channel, reason, source, at, until_at)
         values ($2, $3, $4, $5, ",
        now_postgres!(),
        ", case when $6 > 0 then ",
        now_postgres!(),
        " + $6 end)
         on conflict (contact) do update set reason = excluded.reason, source = excluded.source, at = excluded.at,
             until_at = excluded.until_at
         where suppressed.until_at is not null"
    ),
    sqlite: concat!(
        "insert into suppressed (contact, channel, reason, source, at, until_at)
         values ($2, $3, $4, $5, ",
        now_sqlite!(),
        ", case when $6 > 0 then ",
        now_sqlite!(),
        " + $6 end)
         on conflict (contact) do update set reason = excluded.reason, source = excluded.source, at = excluded.at,
             until_at = excluded.until_at
         where suppressed.until_at is not null"
    ),
};

const SOFT: Sql = Sql {
    postgres: concat!(
        "insert into soft_bounces (contact, callback, at) values ($2, $3, ",
        now_postgres!(),
        ") on conflict do nothing"
    ),
    sqlite: concat!(
        "insert into soft_bounces (contact, callback, at) values ($2, $3, ",
        now_sqlite!(),
        ") on conflict do nothing"
    ),
};

// Enough of them make the address dead for a while; `$4` is how many, `$5` within how long.
const SOFT_ENOUGH: Sql = Sql {
    postgres: concat!(
        "insert into suppressed (contact, channel, reason, source, at, until_at)
         select $2, $3, 'soft_bounces', $6, ",
        now_postgres!(),
        ", ",
        now_postgres!(),
        " + $7
         where (select count(*) from soft_bounces where contact = $2 and at > ",
        now_postgres!(),
        " - $5) >= $4
         on conflict (contact) do update set reason = excluded.reason, source = excluded.source, at = excluded.at,
             until_at = excluded.until_at
         where suppressed.until_at is not null"
    ),
    sqlite: concat!(
        "insert into suppressed (contact, channel, reason, source, at, until_at)
         select $2, $3, 'soft_bounces', $6, ",
        now_sqlite!(),
        ", ",
        now_sqlite!(),
        " + $7
         where (select count(*) from soft_bounces where contact = $2 and at > ",
        now_sqlite!(),
        " - $5) >= $4
         on conflict (contact) do update set reason = excluded.reason, source = excluded.source, at = excluded.at,
             until_at = excluded.until_at
         where suppressed.until_at is not null"
    ),
};

// $4: when the gateway took it. Its calls may come late and out of order, so the times of its own clock are compared.
const STOP: Sql = Sql::same(
    "insert into wishes (contact, brand, channel, topic, source, at) values ($1, $2, $3, '', 'sms', $4)
     on conflict (contact, brand, channel, topic) do update
     set source = excluded.source, at = case when wishes.source = 'sms' and wishes.at > excluded.at then wishes.at else excluded.at end",
);
// What was declined elsewhere ends in any case: the person says so now. A STOP that was sent later than this START stays.
const START: Sql = Sql::same(
    "delete from wishes where contact = $1 and brand in ($2, '') and channel = $3 and (source <> 'sms' or at <= $4)",
);

const LIFT: Sql = Sql {
    postgres: "delete from suppressed where contact = any($1::uuid[])",
    sqlite: "delete from suppressed where contact in (select unhex(value->>0) from json_each($1))",
};
const LIFT_SOFT: Sql = Sql {
    postgres: "delete from soft_bounces where contact = any($1::uuid[])",
    sqlite: "delete from soft_bounces where contact in (select unhex(value->>0) from json_each($1))",
};

const ABOUT: Sql = Sql {
    postgres: "select notice, kind, at from callbacks where notice = any($1::uuid[]) order by at, id",
    sqlite: "select notice, kind, at from callbacks where notice in (select unhex(value->>0) from json_each($1))
             order by at, id",
};

const CONTACT: Sql = Sql::same("select contact from outbox where key = $1 and contact is not null");

const SUPPRESSED: Sql = Sql::same("select channel, reason, count(*) from suppressed group by channel, reason");

impl Store {
    /// Takes note of a call, and of all that follows from it. False if it came before: then nothing changes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing was noted; the provider calls again.
    pub async fn called_back(&self, call: &Callback, softness: Softness) -> Result<bool, StoreError> {
        let notice = call.notice.map_or(Uuid::nil(), |notice| notice.0);
        let first = self.args(
            &[
                self.now(),
                One::Uuid(call.id),
                One::Text(call.door),
                One::Text(call.kind),
                One::Uuid(notice),
                One::Int(call.at.as_millisecond()),
            ],
            &[],
        )?;
        let mut then = Vec::new();
        for (contact, channel, effect) in &call.effects {
            then.extend(self.follow(call, *contact, *channel, effect, softness)?);
        }
        self.with(Access::Transaction, move |mut conn| async move {
            let is_new = conn.execute(&CALLED, first).await? > 0;
            if is_new {
                for (sql, args) in then {
                    conn.execute(sql, args).await?;
                }
            }
            Ok((conn, is_new))
        })
        .await
    }

    /// Notes that nothing can be sent to a contact any more. `source`: who says so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn suppress(
        &self,
        contact: ContactKey,
        channel: Channel,
        reason: Dead,
        source: &str,
    ) -> Result<(), StoreError> {
        let args = self.suppressing(contact, channel, reason, source)?;
        self.with(Access::Transaction, move |mut conn| async move {
            conn.execute(&SUPPRESS, args).await?;
            Ok((conn, ()))
        })
        .await
    }

    /// Lets messages go to a contact again. False if nothing kept them from it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lift(&self, contact: ContactKey) -> Result<bool, StoreError> {
        let names = || [Col::Uuid(self.mask.names(contact))];
        self.execute(&LIFT_SOFT, &[], &names()).await?;
        Ok(self.execute(&LIFT, &[], &names()).await? > 0)
    }

    /// What was called back about these notices, in the order in which it happened.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn called_back_about(&self, notices: &[NoticeKey]) -> Result<Vec<CalledBack>, StoreError> {
        if notices.is_empty() {
            return Ok(Vec::new());
        }
        let cols = [Col::Uuid(notices.iter().map(|notice| notice.0).collect())];
        let rows: Vec<(Uuid, String, i64)> = self.read(&ABOUT, &[], &cols).await?;
        let read = |(notice, kind, at)| {
            let at = read_at("callbacks", "at", NoticeKey(notice), Some(at))?;
            Ok(at.map(|at| CalledBack { notice: NoticeKey(notice), kind, at }))
        };
        rows.into_iter().map(read).filter_map(Result::transpose).collect()
    }

    /// The contact to which a notice went.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn contact_of(&self, notice: NoticeKey) -> Result<Option<ContactKey>, StoreError> {
        let rows: Vec<(Uuid,)> = self.read(&CONTACT, &[One::Uuid(notice.0)], &[]).await?;
        Ok(rows.first().map(|(contact,)| ContactKey(*contact)))
    }

    /// How many addresses are suppressed, by channel and reason.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn suppressed_figures(&self) -> Result<Vec<(Channel, Dead, u64)>, StoreError> {
        let rows: Vec<(String, String, i64)> = self.read(&SUPPRESSED, &[], &[]).await?;
        let read = |(channel, reason, count): (String, String, i64)| {
            let bad = |column| StoreError::corrupt("suppressed", column, "a row");
            let channel = Channel::parse(&channel).ok_or_else(|| bad("channel"))?;
            let reason = Dead::parse(&reason).ok_or_else(|| bad("reason"))?;
            Ok((channel, reason, u64::try_from(count).unwrap_or(0)))
        };
        rows.into_iter().map(read).collect()
    }

    fn follow(
        &self,
        call: &Callback,
        contact: ContactKey,
        channel: Channel,
        effect: &Effect,
        softness: Softness,
    ) -> Result<Vec<(&'static Sql, Args)>, StoreError> {
        let name = || One::Uuid(self.mask.name(contact));
        match effect {
            Effect::Suppress(reason) => {
                let mut all = vec![(&SUPPRESS, self.suppressing(contact, channel, *reason, call.door)?)];
                if *reason == Dead::Complaint {
                    // Whoever complained is not asked how it went, by whatever way, even when the address is let in again.
                    for way in Channel::ALL {
                        all.push((&DECLINE, self.declining(contact, "", way, Topic::Feedback.as_str(), BY_COMPLAINT)?));
                    }
                }
                Ok(all)
            }
            Effect::SoftBounce => {
                let (within, rest) = (i64::from(softness.days) * DAY_MS, i64::from(softness.rest_days) * DAY_MS);
                let count = One::Int(softness.count.into());
                let way = One::Text(channel.as_str());
                let ones = [self.now(), name(), way, count, One::Int(within), One::Text(call.door), One::Int(rest)];
                let enough = self.args(&ones, &[])?;
                Ok(vec![(&SOFT, self.args(&[self.now(), name(), One::Uuid(call.id)], &[])?), (&SOFT_ENOUGH, enough)])
            }
            Effect::Stop(brand) => Ok(vec![(&STOP, self.texted(self.mask.name(contact), brand, channel, call.at)?)]),
            Effect::Start(brand) => self.starting(contact, channel, brand, call.at),
        }
    }

    fn suppressing(
        &self,
        contact: ContactKey,
        channel: Channel,
        reason: Dead,
        source: &str,
    ) -> Result<Args, StoreError> {
        let name = One::Uuid(self.mask.name(contact));
        let (way, reason) = (One::Text(channel.as_str()), One::Text(reason.as_str()));
        self.args(&[self.now(), name, way, reason, One::Text(source), One::Int(0)], &[])
    }

    pub(super) fn declining(
        &self,
        contact: ContactKey,
        brand: &str,
        channel: Channel,
        topic: &str,
        source: &str,
    ) -> Result<Args, StoreError> {
        let name = One::Uuid(self.mask.name(contact));
        let (brand, way) = (One::Text(brand), One::Text(channel.as_str()));
        self.args(&[self.now(), name, brand, way, One::Text(topic), One::Text(source)], &[])
    }

    fn texted(&self, name: Uuid, brand: &BrandId, channel: Channel, at: Timestamp) -> Result<Args, StoreError> {
        let (brand, way) = (One::Text(brand.as_str()), One::Text(channel.as_str()));
        self.args(&[One::Uuid(name), brand, way, One::Int(at.as_millisecond())], &[])
    }

    /// Somebody who writes from a number has it in hand: it is not dead, and what was declined from it is taken back.
    fn starting(
        &self,
        contact: ContactKey,
        channel: Channel,
        brand: &BrandId,
        at: Timestamp,
    ) -> Result<Vec<(&'static Sql, Args)>, StoreError> {
        let names = self.mask.names(contact);
        let mut all = Vec::with_capacity(names.len() + 2);
        for name in &names {
            all.push((&START, self.texted(*name, brand, channel, at)?));
        }
        all.push((&LIFT, self.args(&[], &[Col::Uuid(names.clone())])?));
        all.push((&LIFT_SOFT, self.args(&[], &[Col::Uuid(names)])?));
        Ok(all)
    }
}
