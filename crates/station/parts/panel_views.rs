//! The schedule's view of transmission devices as the console says it.

use watchfire_console::PanelQuestion;
use watchfire_console::view::{
    AskedView, AskingView, DutyCheckView, DutyFiguresView, DutyMonthView, DutyPlanView, DutyReportView, DutySiteView,
    PanelSystemView, Text, TransmissionDeviceView, When,
};
use watchfire_inspection::{self as inspection, DutyRecord, Inspection, Month};
use watchfire_intake::gbt26875::Panels;
use watchfire_model::{Bilingual, DutyPlan, SiteId};
use watchfire_wire::gbt26875::SystemKind;

/// Answers a question of the console.
pub(crate) fn answer(question: PanelQuestion, inspection: &Inspection, panels: &Panels) {
    // Who does not wait any more needs no answer.
    match question {
        PanelQuestion::Devices { site, reply } => {
            let wanted = |view: &inspection::DeviceView| site.as_ref().is_none_or(|site| view.device.site == *site);
            let devices = inspection.devices().filter(wanted).map(|view| device(view, panels)).collect();
            let _ = reply.send(devices);
        }
        PanelQuestion::DutyChecks { site, month, reply } => {
            let _ = reply.send(report(inspection, &site, month.as_deref()));
        }
        PanelQuestion::DutyFigures { month, reply } => {
            let _ = reply.send(all_figures(inspection, month.as_deref()));
        }
    }
}

fn device(view: inspection::DeviceView, panels: &Panels) -> TransmissionDeviceView {
    let system = |system: inspection::SystemView| {
        let inspection::SystemView { kind, address, state } = system;
        let name = SystemKind::from_code(kind).map_or_else(|| Bilingual::same(kind.to_string()), SystemKind::words);
        PanelSystemView { kind, name: Text::from(&name), address, state }
    };
    TransmissionDeviceView {
        connected: Some(panels.is_connected(&view.device)),
        site: view.device.site.to_string(),
        name: view.device.name.to_string(),
        label: Text::from(&view.label),
        zone: view.zone.map(|zone| zone.to_string()),
        address: view.address,
        heard_at: view.heard_at.map(When),
        period_s: view.period_s,
        period_by_order: view.period_by_order,
        next_inspection_at: view.next_inspection_at.map(When),
        inspection: asked(view.inspection),
        clock: asked(view.clock),
        initialisation: asked(view.initialisation),
        asking: view.asking.map(|asking| AskingView {
            kind: asking.kind,
            name: Text::from(&asking.name),
            attempt: asking.attempt,
            since: When(asking.since),
        }),
        waiting: view.waiting,
        unsupported: view.unsupported.iter().map(ToString::to_string).collect(),
        state: view.state,
        systems: view.systems.into_iter().map(system).collect(),
        version: view.version,
        configuration: view.configuration,
        clock_ahead_s: view.clock_ahead_s,
        duty: view.duty.map(duty_check),
        duty_plan: view.duty_plan.map(duty_plan),
    }
}

fn duty_plan(plan: DutyPlan) -> DutyPlanView {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let DutyPlan { from_min, until_min, checks, answer_min } = plan;
    DutyPlanView { from: clock(from_min), until: clock(until_min), checks, answer_min }
}

fn asked(view: inspection::AskedView) -> AskedView {
    AskedView {
        asked_at: view.asked_at.map(When),
        answered_at: view.answered_at.map(When),
        outcome: view.outcome.map(inspection::Outcome::as_str),
        by: view.by.map(|by| by.to_string()),
    }
}

fn duty_check(record: DutyRecord) -> DutyCheckView {
    DutyCheckView {
        site: record.device.site.to_string(),
        device: record.device.name.to_string(),
        by: record.by.map(|by| by.to_string()),
        asked_at: When(record.asked_at),
        answer_min: record.answer_min,
        confirmed_at: record.confirmed_at.map(When),
        answered_at: record.answered_at.map(When),
        operator: record.operator,
        outcome: record.outcome.as_str(),
    }
}

/// `None` when the text is not a month.
fn report(inspection: &Inspection, site: &SiteId, month: Option<&str>) -> Option<DutyReportView> {
    let month: Month = match month {
        Some(text) => text.parse().ok()?,
        None => inspection.month(site),
    };
    let report = inspection.duty_checks(site, month);
    Some(DutyReportView {
        month: report.month.to_string(),
        figures: DutyFiguresView::from(&report.figures),
        checks: report.checks.into_iter().map(duty_check).collect(),
    })
}

/// `None` when the text is not a month.
fn all_figures(inspection: &Inspection, month: Option<&str>) -> Option<DutyMonthView> {
    let month: Month = match month {
        Some(text) => text.parse().ok()?,
        None => inspection.this_month(),
    };
    let sites = inspection.duty_figures(month).into_iter();
    let sites =
        sites.map(|(site, counted)| DutySiteView { site: site.to_string(), figures: DutyFiguresView::from(&counted) });
    Some(DutyMonthView { month: month.to_string(), sites: sites.collect() })
}
