//! The words of watchfire: what a device sent ([`Frame`]), what is journaled ([`Input`]), what was understood
//! ([`Reading`], [`Defect`]), what is raised ([`Transition`], [`Alert`]), what people order ([`Order`]), and the names
//! of sites, zones and devices; with the encodings that stay on disk ([`encoding`]).
//!
//! Nothing here reads a clock, touches a disk or waits.

pub mod act;
pub mod alert;
pub mod delivery;
pub mod duty;
pub mod encoding;
pub mod frame;
pub mod ids;
pub mod input;
pub mod metric;
pub mod order;
pub mod panel_read;
pub mod point_table;
pub mod premises;
pub mod reading;
pub mod sites;
pub mod test_mode;
pub mod text;
pub mod timestamp;
pub mod transmission;

pub use act::{Act, ActKind};
pub use alert::{Alert, Class, Condition, Evidence, FalseCause, Handling, Marks, Severity, Step, Transition, Verdict};
pub use delivery::{ChannelKind, DeliveryId, Failure, Outcome};
pub use duty::{DutyFigures, DutyOutcome, DutyTally};
pub use encoding::{AlertRecord, EncodedInput};
pub use frame::{Frame, Link};
pub use ids::{
    AlertId, ContactId, DeviceKey, DeviceName, IdentityName, JournalId, OrderId, PointName, RuleRef, Seq, SiteId,
    Source, UserName, ZoneId,
};
pub use input::{ClockStep, Entry, Input, Notice, NoticeKind, Restored, Setup, Started, Will, WillOver};
pub use metric::{Metric, Unit};
pub use order::{Addressee, Order, OrderKind};
pub use panel_read::{ComponentRead, PanelRead, ParsePanelReadError, SystemRead};
pub use point_table::{PointPlace, PointTable};
pub use premises::{DistrictPath, Premises};
pub use reading::{Decoded, Defect, DefectKind, Presence, Reading, Value};
pub use sites::{Contact, Device, Identity, IdentityRole, Rung, Site, SiteKind, Sites, Zone};
pub use test_mode::{TestId, TestScope};
pub use text::Bilingual;
pub use timestamp::Timestamp;
pub use transmission::{DutyPlan, PanelTargets, TransmissionDevice};
