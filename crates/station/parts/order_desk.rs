//! Orders of operators: journaled, and answered when the rules have carried them out or refused them.

use crate::parts::inputs::Inputs;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use watchfire_console::Command;
use watchfire_model::{Bilingual, Input, OrderId};
use watchfire_rules::Effects;

/// What became of an order.
pub(crate) type Answer = Result<(), Bilingual>;

/// Who waits for which order. The same order may be given twice at once.
#[derive(Default)]
pub(crate) struct OrderDesk {
    waiting: Mutex<BTreeMap<OrderId, Vec<oneshot::Sender<Answer>>>>,
}

impl OrderDesk {
    /// Takes commands of the console until it is gone.
    pub(crate) async fn serve(&self, mut commands: mpsc::Receiver<Command>, inputs: Inputs) {
        let mut journaling = JoinSet::new();
        loop {
            tokio::select! {
                command = commands.recv() => {
                    let Some(command) = command else { break };
                    self.lock().entry(command.order.id.clone()).or_default().push(command.reply);
                    let inputs = inputs.clone();
                    journaling.spawn(async move {
                        let id = command.order.id.clone();
                        inputs.journal(&Input::Order(command.order)).await.map_err(|_| id)
                    });
                }
                Some(journaled) = journaling.join_next() => {
                    if let Ok(Err(id)) = journaled {
                        // The journal is gone: dropping the reply tells the console that nobody answers.
                        self.lock().remove(&id);
                    }
                }
            }
        }
    }

    /// The rules have applied an order.
    pub(crate) fn applied(&self, order: &OrderId, effects: &Effects) {
        let refusal = effects.refusals.iter().find(|refusal| refusal.order == *order);
        self.answer(order, &refusal.map_or(Ok(()), |refusal| Err(refusal.why.clone())));
    }

    /// An order was carried out or refused, by the rules or by the inspection, whichever it is for.
    pub(crate) fn answer(&self, order: &OrderId, answer: &Answer) {
        let Some(waiting) = self.lock().remove(order) else { return };
        for reply in waiting {
            let _ = reply.send(answer.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OrderId, Vec<oneshot::Sender<Answer>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
