//! `doorstep forget`: erases one person, or shows what is kept of them.

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::Ending;
use super::out::Out;
use super::parts::ready_store;
use crate::channel::{email, sms};
use crate::config::Config;
use crate::consent::export;
use crate::consent::forget::{self, Found};
use crate::domain::erase::{Named, Whom};
use crate::domain::id::BrandId;
use crate::store::Store;

/// Whom to forget.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep forget --email ann@example.org --dry-run
  doorstep forget --email ann@example.org --export ann.json --dry-run    everything that is kept of her, and nothing changes
  doorstep forget --customer C-1042 --brand harbour

Every order is read, for an address every event too: some minutes a million orders. Workers may run meanwhile. What she declined, and which of her addresses are dead,
stays under keyed names (consent.secret_files); what comes later about an erased order is acknowledged and not kept.")]
pub struct Args {
    /// The shop's own id of the customer
    #[arg(long, required_unless_present = "email", conflicts_with = "email", value_name = "ID")]
    customer: Option<String>,
    /// An e-mail address of theirs
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Only what is this brand's; needed where several brands have a customer of this id
    #[arg(long)]
    brand: Option<String>,
    /// Only say what would be erased
    #[arg(long)]
    dry_run: bool,
    /// Write everything that is kept about them to this file first, as JSON
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

/// What was found, for a program.
#[derive(Debug, Serialize)]
struct Counted {
    orders: usize,
    facts: usize,
    pending: usize,
    quarantine: usize,
}

impl Args {
    fn whom(&self) -> Whom {
        let named = match (&self.customer, &self.email) {
            (Some(id), _) => Named::Customer(id.clone()),
            (None, mail) => Named::Email(mail.clone().unwrap_or_default()),
        };
        Whom { brand: self.brand.as_deref().map(BrandId::new), named }
    }
}

/// Forgets, or says what would be forgotten.
///
/// # Errors
/// When the database cannot be used, or the export cannot be written: then nothing is erased.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let store = ready_store(config).await?;
    let whom = args.whom();
    let found = forget::find(&store, &whom).await.context("looking for the person")?;
    let brands = found.brands();
    if let (Named::Customer(_), None, true) = (&whom.named, &whom.brand, brands.len() > 1) {
        // Each shop counts its customers anew: this may be somebody else elsewhere.
        let brands = brands.into_iter().collect::<Vec<_>>().join(", ");
        eprintln!("doorstep forget: several brands have a customer of this id: {brands}; name one with --brand");
        store.close().await;
        return Ok(Ending::Problems);
    }
    if let Some(file) = &args.export {
        let export = export::gather(&store, &found).await.context("gathering what is kept")?;
        let json = serde_json::to_vec_pretty(&export)?;
        std::fs::write(file, json).with_context(|| format!("writing {}", file.display()))?;
        out.say(format!("written to {}", file.display()))?;
    }
    let ending = if args.dry_run {
        let counted = count(&store, &found).await?;
        out.object(&counted)?;
        out.say(format!(
            "would be erased: {} orders with {} events, {} messages still to be sent, {} refused events",
            counted.orders, counted.facts, counted.pending, counted.quarantine
        ))?;
        if found.is_empty() { Ending::NotFound } else { Ending::Done }
    } else {
        let captured = captured(&store, &found).await?;
        let gone = forget::erase(&store, &whom, &found, "cli").await.context("erasing")?;
        drop_captured(config, &captured);
        out.object(&gone)?;
        out.say(format!(
            "erased: {} orders with {} events; {} messages cancelled; {} ratings, cases and returns; {} refused events",
            gone.orders, gone.facts, gone.cancelled, gone.voices, gone.quarantine
        ))?;
        if found.is_empty() { Ending::NotFound } else { Ending::Done }
    };
    store.close().await;
    Ok(ending)
}

async fn count(store: &Store, found: &Found) -> anyhow::Result<Counted> {
    let (mut facts, mut pending) = (found.strays.len(), 0);
    for (key, role) in &found.orders {
        facts += store.facts_of(key).await?.iter().filter(|fact| !fact.raw.is_empty()).count();
        let notices = store.notices_of(key).await?;
        pending += notices.iter().filter(|row| row.settled_at.is_none() && row.notice.role == *role).count();
    }
    Ok(Counted { orders: found.orders.len(), facts, pending, quarantine: found.quarantine.len() })
}

/// The notices whose captured messages are to go, where messages are captured.
async fn captured(store: &Store, found: &Found) -> anyhow::Result<Vec<String>> {
    let mut keys = Vec::new();
    for (key, role) in &found.orders {
        let notices = store.notices_of(key).await?;
        keys.extend(notices.iter().filter(|row| row.notice.role == *role).map(|row| row.notice.key.to_string()));
    }
    Ok(keys)
}

fn drop_captured(config: &Config, keys: &[String]) {
    let mut folders = Vec::new();
    if let email::Settings::Capture(settings) = &config.email {
        folders.push(settings.dir.clone());
    }
    if let sms::Settings::Capture(settings) = &config.sms {
        folders.push(settings.dir.clone());
    }
    for folder in folders {
        for key in keys {
            for ending in ["txt", "html", "eml", "json"] {
                // Not every message has every form, and another folder may hold it.
                let _ = std::fs::remove_file(folder.join(format!("{key}.{ending}")));
            }
        }
    }
}
