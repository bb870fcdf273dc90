//! What is on disk, read without the program.

use serde_json::Value;
use std::path::Path;
use watchfire_journal::{Reader, RealDisk, survey};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{AlertRecord, DeliveryId, Input, Link, Outcome, Seq, Step, Transition};

/// What these tests look at in a journal entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    /// A frame: its topic, and the idempotency key of its payload when it has one.
    Frame {
        topic: String,
        key: Option<String>,
    },
    Attempt(DeliveryId),
    Delivered(DeliveryId),
    Failed(DeliveryId),
    Started,
    SetUp,
    Other,
}

/// The journal in `data`, in order; nobody may be writing it.
pub(crate) fn journal(data: &Path) -> Vec<(Seq, Kept)> {
    let mut kept = Vec::new();
    each_record(&data.join("journal"), |seq, bytes| {
        let entry = decode_entry(Seq(seq), bytes).unwrap();
        kept.push((entry.seq, Kept::of(&entry.input)));
    });
    kept
}

/// Frames of fire panels in the journal in `data`, in order.
pub(crate) fn panel_frames(data: &Path) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    each_record(&data.join("journal"), |seq, bytes| {
        if let Input::Frame(frame) = decode_entry(Seq(seq), bytes).unwrap().input
            && matches!(frame.link, Link::Gbt26875Tcp | Link::Gbt26875Udp)
        {
            frames.push(frame.payload.to_vec());
        }
    });
    frames
}

/// Every change of an alert in the alert log in `data`, in order.
pub(crate) fn transitions(data: &Path) -> Vec<Transition> {
    let mut transitions = Vec::new();
    each_record(&data.join("alerts"), |_, bytes| transitions.extend(AlertRecord::decode(bytes).unwrap().transitions));
    transitions
}

/// The beginnings of alerts among them.
pub(crate) fn raised(data: &Path) -> Vec<Transition> {
    let mut raised = transitions(data);
    raised.retain(|transition| transition.step == Step::Raised);
    raised
}

fn each_record(folder: &Path, mut look: impl FnMut(u64, &[u8])) {
    let found = survey(&RealDisk, folder).unwrap();
    let mut reader = Reader::open(&RealDisk, folder, found.first).unwrap();
    while let Some(record) = reader.next(found.last).unwrap() {
        look(record.seq, record.bytes);
    }
}

impl Kept {
    fn of(input: &Input<'_>) -> Kept {
        match input {
            Input::Frame(frame) => {
                let payload: Option<Value> = serde_json::from_slice(frame.payload).ok();
                let key = payload.and_then(|payload| payload["id"].as_str().map(str::to_owned));
                Kept::Frame { topic: frame.topic.to_owned(), key }
            }
            Input::Outcome(Outcome::Attempt { delivery }) => Kept::Attempt(delivery.clone()),
            Input::Outcome(Outcome::Delivered { delivery, .. }) => Kept::Delivered(delivery.clone()),
            Input::Outcome(Outcome::Failed { delivery, .. }) => Kept::Failed(delivery.clone()),
            Input::Started(_) => Kept::Started,
            Input::Setup(_) => Kept::SetUp,
            Input::Tick
            | Input::Order(_)
            | Input::Skip(_)
            | Input::ClockStep(_)
            | Input::Notice(_)
            | Input::Will(_)
            | Input::WillOver(_)
            | Input::Restored(_)
            | Input::Act(_) => Kept::Other,
        }
    }
}
