//! The far side: takes, refuses, hesitates, cuts the line.

use std::sync::Arc;
use std::time::Duration;

use doorstep::channel::{Cause, Receipt, SendError};
use doorstep::domain::person::Channel;
use rand::RngExt;

use super::Story;
use crate::simulation::stage::{Delivery, Life, Step};

impl Story<'_> {
    /// The far side's answer to bytes on the wire.
    pub(super) fn answer(&mut self, life: &Arc<Life>, mut delivery: Delivery) {
        if let Some(answer) = delivery.answer.take() {
            let _ = delivery.reply.send(answer);
            return;
        }
        let knows = self.means.keys_known || delivery.channel == Channel::Sms;
        let dice = if self.is_healed { 0 } else { self.rng.random_range(0..100) };
        self.lines.push(format!("{} {} on {}: {dice}", self.clock.now(), delivery.key, delivery.channel.as_str()));
        let answer = match dice {
            0..70 => {
                if self.judge.takes(&delivery, knows) {
                    // Known under this key, with other words: an earlier form of it was taken.
                    self.judge.cut.insert(delivery.key);
                    Err(SendError::InDoubt { cause: cause(Some(409), false) })
                } else if (50..60).contains(&dice) {
                    self.count("taken, and cut");
                    Err(self.cut(&delivery, knows))
                } else {
                    Ok(Receipt { id: Some(format!("r-{}", delivery.key)) })
                }
            }
            70..78 => {
                self.count("answer of the far side cut");
                Err(self.cut(&delivery, knows))
            }
            78..94 => {
                self.count("later");
                let asked = self.rng.random_bool(0.3).then(|| Duration::from_secs(self.rng.random_range(1..9000)));
                Err(later(asked))
            }
            94..99 => {
                self.count("refused");
                Err(SendError::Never { cause: cause(Some(550), false) })
            }
            _ => {
                self.count("no such address");
                Err(SendError::NoSuchAddress { cause: cause(Some(550), false) })
            }
        };
        if (60..70).contains(&dice) || dice % 7 == 3 {
            // It has made up its mind; the answer is on its way.
            delivery.answer = Some(answer);
            self.stage.waiting.lock().expect("one thread").push((Arc::clone(life), Step::Deliver(delivery)));
        } else {
            let _ = delivery.reply.send(answer);
        }
    }

    /// The line is cut before the answer: a doubt on bare SMTP; where keys are known, another try is safe.
    fn cut(&mut self, delivery: &Delivery, knows: bool) -> SendError {
        self.judge.cut.insert(delivery.key);
        if knows { later(None) } else { SendError::InDoubt { cause: cause(None, true) } }
    }
}

fn cause(code: Option<u16>, endpoint_fault: bool) -> Cause {
    Cause { what: "a test says so", code, endpoint_fault }
}

pub(super) fn later(retry_after: Option<Duration>) -> SendError {
    SendError::Later { retry_after, cause: cause(None, true) }
}
