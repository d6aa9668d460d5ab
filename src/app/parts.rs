//! The worker's inner parts, put together: the hinge, the timers and the dispatcher around one store.

use std::sync::Arc;

use anyhow::Context;

use super::voices::{Speaking, Voices};
use crate::apply::Hinge;
use crate::channel::{email, sms};
use crate::config::Config;
use crate::dispatch::handoff::Handoff;
use crate::dispatch::{Dispatcher, Parts as DispatchParts, Senders};
use crate::ingest::decode::Decoder;
use crate::lanes::Shelf;
use crate::link::Links;
use crate::store::Store;
use crate::timers::Timers;

/// Everything between the entrances and the ways out.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub voices: Voices,
    pub decoder: Arc<Decoder>,
    pub hinge: Hinge,
    pub timers: Timers,
    pub dispatcher: Dispatcher,
    pub lanes: Shelf,
}

impl Parts {
    /// Puts the parts together; nothing is sent or served yet. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When a channel cannot be built from its settings; the error names the setting.
    pub fn new(config: &Config, store: Store, speaking: Speaking, links: Option<Links>) -> anyhow::Result<Self> {
        let clock = store.clock().clone();
        let senders = Senders {
            email: email::Sender::new(&config.email, clock.clone()).context("section email")?,
            sms: sms::Sender::new(&config.sms, clock.clone()).context("section sms")?,
        };
        let decoder = Arc::new(Decoder::new(config.limits, speaking.house.for_decoder()));
        let voices = Voices::new(speaking);
        let handoff = Handoff::new(config.dispatch.waiting_max);
        let lanes = Shelf::default();
        let hinge = Hinge::new(store.clone(), voices.policies(), clock, handoff.clone()).knowing(lanes.clone());
        let timers = Timers::new(store.clone(), hinge.clone());
        let dispatcher = Dispatcher::new(DispatchParts {
            store: store.clone(),
            handoff,
            policies: voices.policies(),
            composer: voices.speaker(links).composer(),
            senders,
            settings: config.dispatch.clone(),
            tells_outcomes: config.tells_outcomes(),
        });
        Ok(Self { store, voices, decoder, hinge, timers, dispatcher, lanes })
    }
}
