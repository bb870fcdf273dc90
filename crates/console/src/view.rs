//! What the HTTP interface says, as types: the JSON of these is a stable contract, so each has a field for every name
//! in it and nothing else. They are built from the model's types and know how to be documented.

mod alert;
mod delivery;
mod device;
mod figures;
mod incident;
mod panel;
mod past;
mod reading;
mod risk;
mod session;
mod shadow;
mod site;
mod status;
mod test;
mod text;
mod transition;

pub use alert::{AlertDetail, AlertDevice, AlertPage, AlertSite, AlertView, AlertZone, EvidenceView};
pub use delivery::{ContactView, DeliveryView};
pub use device::{DevicePage, DeviceSite, DeviceState, DeviceView, DeviceZone, PointView};
pub(crate) use figures::most_away;
pub use figures::{
    CauseCountView, ClassFiguresView, DeviceAvailabilityView, DutyOfDeviceView, FiguresView, OffenderView,
    ResponseTimesView, SiteAvailabilityView, ThenView,
};
pub use incident::{IncidentPage, IncidentView};
pub use panel::{
    AskedView, AskingView, DutyCheckView, DutyFiguresView, DutyMonthView, DutyPlanView, DutyReportView, DutySiteView,
    PanelSystemView, TransmissionDevicePage, TransmissionDeviceView,
};
pub use past::{
    AlertLifeView, AuditLineView, AuditPage, DutyDevicePage, InspectionPage, InspectionView, PastIncidentDetail,
    PastIncidentPage, PastIncidentView,
};
pub use reading::{ReadingsPage, SeriesView, ValueView};
pub use risk::{
    RiskAreaPage, RiskAreaView, RiskBands, RiskFactorView, RiskHistoryPoint, RiskHistoryView, RiskPage, RiskPartView,
    RiskPoints, RiskRankView, RiskSiteView, RiskUnitView,
};
pub use session::SessionView;
pub use shadow::{ShadowCallView, ShadowDifferenceView, ShadowPage, ShadowView};
pub use site::{SitePage, SiteView, ZoneView};
pub use status::{ArchiveStatus, DiskStatus, JournalStatus, StatusView, Trouble};
pub use test::{RunningTest, TestDevice, TestOverView, TestPage, TestSummary, TestView, TestedView};
pub use text::{Label, Text, When};
pub use transition::{Cause, TransitionView, VerdictKind, VerdictView};
