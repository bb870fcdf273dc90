//! What the archive's decoders know at its position, kept from start to start: a panel's states that a reset ends, names
//! that a birth certificate gave. A snapshot beside those of the rules; without one they begin with nothing.

use crate::parts::archive::ArchiveNeeds;
use crate::parts::paths::DataPaths;
use crate::parts::snapshots;
use crate::set_up_store;
use serde::{Deserialize, Serialize};
use tracing::{error, warn};
use watchfire_intake::STATION_SITE;
use watchfire_journal::{JournalId as FileId, ReadError, Reader, RealDisk, snapshot};
use watchfire_model::encoding::decode_entry;
use watchfire_model::{Input, Seq, Setup};
use watchfire_wire::{Profiles, Sessions};

const NAME: &str = "archive";
const VERSION: u32 = 1;

/// See the head of this file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Decoders {
    pub(crate) sessions: Sessions,
    /// The set-up in force.
    in_force: Option<Setup>,
    /// How devices differ from the standards under it.
    #[serde(skip)]
    pub(crate) profiles: Profiles,
}

impl Decoders {
    /// What is known at an entry: the newest state that was kept before it, and what the journal says since.
    pub(crate) fn at(needs: &ArchiveNeeds, entry: u64) -> Result<Decoders, ReadError> {
        let restore = |body: &[u8]| postcard::from_bytes::<Decoders>(body);
        let at = (FileId(needs.logs.0.0), entry);
        let loaded = snapshots::newest(&needs.paths.snapshots(), NAME, VERSION, at, restore).unwrap_or_else(|error| {
            warn!(%error, "what the archive's decoders knew cannot be read");
            None
        });
        let Some((mut decoders, position)) = loaded else {
            // The set-up of the last start: in force here, too, unless the archive was left behind a change of it.
            let mut decoders = Decoders { in_force: needs.in_force, ..Decoders::default() };
            decoders.fetch_profiles(&needs.paths);
            return Ok(decoders);
        };
        decoders.fetch_profiles(&needs.paths);
        decoders.go_on(needs, position, entry)?;
        Ok(decoders)
    }

    /// Decodes entries for what they say to the decoders alone.
    fn go_on(&mut self, needs: &ArchiveNeeds, after: u64, to: u64) -> Result<(), ReadError> {
        if after >= to {
            return Ok(());
        }
        let mut entries = match Reader::open(&RealDisk, &needs.paths.journal(), after + 1) {
            // They have left: what was kept is all that is known.
            Err(ReadError::Gone { .. }) => return Ok(()),
            opened => opened?,
        };
        while let Some(record) = entries.next(to)? {
            let Ok(entry) = decode_entry(Seq(record.seq), record.bytes) else { continue };
            self.follow(&entry.input, &needs.paths);
            if let Input::Frame(frame) = &entry.input
                && frame.site != STATION_SITE
            {
                watchfire_wire::decode(frame, entry.at, &self.profiles, &mut self.sessions);
            }
        }
        Ok(())
    }

    /// Another set-up brings other ways to decode.
    pub(crate) fn follow(&mut self, input: &Input<'_>, paths: &DataPaths) {
        if let Input::Setup(setup) = input {
            self.in_force = Some(*setup);
            self.fetch_profiles(paths);
        }
    }

    fn fetch_profiles(&mut self, paths: &DataPaths) {
        let Some(setup) = &self.in_force else { return };
        self.profiles = set_up_store::fetch_profiles(&paths.set_ups(), setup).unwrap_or_else(|error| {
            error!(%error, "a set-up cannot be read; the archive goes on as the standards say");
            Profiles::default()
        });
    }

    /// Keeps the state at an entry, so that the next start decodes as this one would have.
    pub(crate) fn save(&self, needs: &ArchiveNeeds, entry: u64) {
        let body = postcard::to_stdvec(self).expect("our own types always encode");
        let (folder, journal) = (needs.paths.snapshots(), FileId(needs.logs.0.0));
        if let Err(error) = snapshot::save(&RealDisk, &folder, NAME, VERSION, journal, entry, &body) {
            warn!(%error, "what the archive's decoders know is not saved; the older state stays");
        }
    }
}
