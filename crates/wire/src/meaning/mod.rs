//! What a JSON document says, by the words of its keys and values: shared by every format whose properties are named
//! by makers and not by a standard.
//!
//! ```text
//! walk      a document → its properties: path, words, value, unit
//! context   the whole document once: what kind of device it is, which dangers it names outright
//! decide    a property → readings; the order of the questions is the meaning
//! ├ said        a state word or sentence → what it says
//! ├ flags       alarms, test, mute, fault, tamper, doors …
//! ├ nameless    `alarm`, `event`, `status`: by their value and the kind of the device
//! ├ battery     charge, voltage, low
//! └ quantities  numbers with a unit, or a range that tells the unit
//! ```

mod battery;
mod context;
mod decide;
mod flags;
mod models;
mod nameless;
mod quantities;
mod said;
mod walk;

pub(crate) use context::Dialect;

use crate::draft::Draft;
use crate::tree::Tree;
use context::Context;

/// Reads a document. `identity` are the texts outside of it that say what the device is: its name, its profile.
pub(crate) fn read(document: &Tree<'_>, identity: &[&str], dialect: Dialect, draft: &mut Draft) {
    if walk::is_answer_to_a_command(document) {
        return;
    }
    let properties = walk::properties(document);
    let context = Context::of(document, &properties, identity, dialect);
    properties.iter().for_each(|property| decide::property(property, &context, draft));
}
