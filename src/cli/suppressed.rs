//! `doorstep suppressed`: whether messages go to an address, and how to let them go there again.

use anyhow::Context;
use serde::Serialize;

use super::Ending;
use super::out::Out;
use super::parts::ready_store;
use crate::config::Config;
use crate::domain::person::{Channel, ContactKey};
use crate::ingest::field;
use crate::store::rows::Dead;

/// Which address.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep suppressed --email ann@example.org
  doorstep suppressed --email ann@example.org --lift     she says that her mailbox works again
  doorstep suppressed --phone +48500500500

What somebody declined is not lifted by this: only they can say so.")]
pub struct Args {
    /// An e-mail address
    #[arg(long, required_unless_present = "phone", conflicts_with = "phone", value_name = "ADDRESS")]
    email: Option<String>,
    /// A number with its country code
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Let messages go there again
    #[arg(long)]
    lift: bool,
}

#[derive(Debug, Serialize)]
struct Standing {
    suppressed: Option<&'static str>,
    lifted: bool,
    declines: usize,
}

/// Says how an address stands, and lifts what keeps messages from it.
///
/// # Errors
/// When the number is none, or the database cannot be used.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let contact = match (&args.email, &args.phone) {
        (Some(mail), _) => ContactKey::new(Channel::Email, mail),
        (None, phone) => {
            let number =
                phone.as_deref().and_then(field::phone_number).context("not a number with its country code")?;
            ContactKey::new(Channel::Sms, &number)
        }
    };
    let store = ready_store(config).await?;
    let known = store.consents(&[contact]).await.context("asking for the address")?.remove(0);
    let lifted = args.lift && store.lift(contact).await.context("lifting")?;
    store.close().await;
    let declines = known.declined.len();
    out.object(&Standing { suppressed: known.dead.map(Dead::as_str), lifted, declines })?;
    out.say(match (known.dead, lifted) {
        (None, _) => "messages go there".to_owned(),
        (Some(dead), true) => format!("messages go there again; they did not, for: {}", dead.as_str()),
        (Some(dead), false) => format!("messages do not go there: {}", dead.as_str()),
    })?;
    Ok(Ending::Done)
}
