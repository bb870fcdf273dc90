//! Incidents of the past: what happened in one building at one time, with its alerts.

use crate::batch::Batch;
use crate::duty::narrow;
use crate::fault::Fault;
use crate::plain_row::{Cell, Cells, PlainRow, WrongCell, cells};
use watchfire_model::{AlertId, Class, Seq, Severity, SiteId, Timestamp};

/// Most incidents of a page.
pub const INCIDENTS_MAX: usize = 500;
/// Most alerts that are listed of one incident; the first.
pub const INCIDENT_ALERTS_MAX: usize = 1_000;

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its id, in the form of an alert's.
    pub id: AlertId,
    /// The site of its first alert.
    pub site: SiteId,
    /// The building, where several sites are in one.
    pub building: Option<String>,
    /// The most urgent class that one of its alerts ever had.
    pub class: Class,
    /// The worst severity.
    pub severity: Severity,
    /// It belonged to a test.
    pub test: bool,
    /// When it began.
    pub opened_at: Timestamp,
    /// The last news of it.
    pub news_at: Timestamp,
    /// When the last of its alerts was over; `None` while one is not.
    pub closed_at: Option<Timestamp>,
    /// How often it was opened again after that.
    pub reopened: u32,
    /// When, the last time.
    pub reopened_at: Option<Timestamp>,
    /// How many alerts it ever had.
    pub alerts: u32,
}

/// An incident, and when people first got so far with one of its alerts: its closed loop, from `opened_at` to
/// `closed_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentLife {
    /// As it is now.
    pub incident: IncidentRow,
    /// The first acknowledgement.
    pub acknowledged_at: Option<Timestamp>,
    /// The first finding.
    pub verified_at: Option<Timestamp>,
    /// The first time that one was handed on.
    pub forwarded_at: Option<Timestamp>,
}

/// An alert of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentAlert {
    /// The alert.
    pub alert: AlertId,
    /// When it came to the incident.
    pub joined_at: Timestamp,
    /// When it left it for another.
    pub left_at: Option<Timestamp>,
}

/// Which incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentsQuery {
    /// Only of this site.
    pub site: Option<SiteId>,
    /// Only this one.
    pub id: Option<AlertId>,
    /// Only those that began at or after this.
    pub from: Option<Timestamp>,
    /// Only those that began before this.
    pub to: Option<Timestamp>,
    /// Only those that come after this one in the order of the answer, which is newest first: when it began, and its id.
    pub before: Option<(Timestamp, AlertId)>,
    /// At most so many, up to [`INCIDENTS_MAX`].
    pub limit: usize,
}

impl Batch {
    /// An incident as it is after the entry and the alert record at which both logs were read.
    pub fn incident(&mut self, (entries, alerts): (Seq, u64), row: &IncidentRow) {
        let sql = "INSERT INTO incidents (id, site, building, class, severity, test, opened_at, news_at, closed_at,
                reopened, reopened_at, alerts)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (id) DO UPDATE SET class = excluded.class, severity = excluded.severity,
                news_at = excluded.news_at, closed_at = excluded.closed_at, reopened = excluded.reopened,
                reopened_at = excluded.reopened_at, alerts = excluded.alerts";
        let cells = cells![
            row.id.to_string(),
            row.site.as_str(),
            row.building.clone(),
            row.class.as_str(),
            row.severity.as_str(),
            row.test,
            row.opened_at,
            row.news_at,
            row.closed_at,
            row.reopened,
            row.reopened_at,
            row.alerts,
        ];
        self.plain.push(PlainRow { entries, alerts, sql, cells });
    }

    /// An alert came to an incident, or left it.
    pub fn incident_alert(&mut self, (entries, alerts): (Seq, u64), incident: AlertId, member: IncidentAlert) {
        let sql = "INSERT INTO incident_alerts (incident, alert, joined_at, left_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (incident, alert) DO UPDATE SET left_at = excluded.left_at";
        let cells = cells![incident.to_string(), member.alert.to_string(), member.joined_at, member.left_at];
        self.plain.push(PlainRow { entries, alerts, sql, cells });
    }
}

impl IncidentsQuery {
    /// How many the answer may hold.
    pub(crate) fn limit(&self) -> usize {
        self.limit.clamp(1, INCIDENTS_MAX)
    }

    pub(crate) fn statement(&self) -> (&'static str, Vec<Cell>) {
        let sql = "SELECT id, site, building, class, severity, test, opened_at, news_at, closed_at, reopened,
                reopened_at, alerts,
                (SELECT min(at) FROM incident_alerts JOIN transitions ON transitions.alert = incident_alerts.alert
                 WHERE incident = incidents.id AND step = 'acknowledged'),
                (SELECT min(at) FROM incident_alerts JOIN transitions ON transitions.alert = incident_alerts.alert
                 WHERE incident = incidents.id AND step = 'verified'),
                (SELECT min(at) FROM incident_alerts JOIN transitions ON transitions.alert = incident_alerts.alert
                 WHERE incident = incidents.id AND step = 'forwarded')
            FROM incidents WHERE (CAST($1 AS text) IS NULL OR site = $1)
              AND (CAST($2 AS timestamptz) IS NULL OR opened_at >= $2)
              AND (CAST($3 AS timestamptz) IS NULL OR opened_at < $3 OR (opened_at = $3 AND id < $4))
              AND (CAST($6 AS timestamptz) IS NULL OR opened_at < $6) AND (CAST($7 AS text) IS NULL OR id = $7)
            ORDER BY opened_at DESC, id DESC LIMIT $5";
        let before_id = self.before.map(|(_, id)| id.to_string()).unwrap_or_default();
        let limit = i64::try_from(self.limit()).unwrap_or(i64::MAX);
        let site = self.site.as_ref().map(|site| site.as_str());
        let (before_at, id) = (self.before.map(|(at, _)| at), self.id.map(|id| id.to_string()));
        (sql, cells![site, self.from, before_at, before_id, limit, self.to, id])
    }
}

/// The alerts of an incident, in the order in which they came.
pub(crate) fn members(id: AlertId) -> (&'static str, Vec<Cell>) {
    let sql = "SELECT alert, joined_at, left_at FROM incident_alerts WHERE incident = $1
        ORDER BY joined_at, alert LIMIT $2";
    (sql, cells![id.to_string(), i64::try_from(INCIDENT_ALERTS_MAX).unwrap_or(i64::MAX)])
}

/// The incidents of an answer.
pub(crate) fn incidents_of(rows: Vec<Vec<Cell>>) -> Result<Vec<IncidentLife>, Fault> {
    rows.into_iter().map(|row| life_of(Cells::new(row)).map_err(|_| malformed())).collect()
}

/// The alerts of an answer.
pub(crate) fn members_of(rows: Vec<Vec<Cell>>) -> Result<Vec<IncidentAlert>, Fault> {
    let member = |mut row: Cells| {
        let alert = row.text()?.parse().map_err(|_| WrongCell)?;
        Ok(IncidentAlert { alert, joined_at: row.time()?, left_at: row.optional_time()? })
    };
    rows.into_iter().map(|row| member(Cells::new(row)).map_err(|_: WrongCell| malformed())).collect()
}

fn life_of(mut row: Cells) -> Result<IncidentLife, WrongCell> {
    Ok(IncidentLife {
        incident: incident_of(&mut row)?,
        acknowledged_at: row.optional_time()?,
        verified_at: row.optional_time()?,
        forwarded_at: row.optional_time()?,
    })
}

fn incident_of(row: &mut Cells) -> Result<IncidentRow, WrongCell> {
    Ok(IncidentRow {
        id: row.text()?.parse().map_err(|_| WrongCell)?,
        site: SiteId::new(&row.text()?).map_err(|_| WrongCell)?,
        building: row.optional_text()?,
        class: class_of(&row.text()?)?,
        severity: severity_of(&row.text()?)?,
        test: row.bool()?,
        opened_at: row.time()?,
        news_at: row.time()?,
        closed_at: row.optional_time()?,
        reopened: narrow(row.integer()?)?,
        reopened_at: row.optional_time()?,
        alerts: narrow(row.integer()?)?,
    })
}

fn class_of(word: &str) -> Result<Class, WrongCell> {
    Class::ALL.iter().copied().find(|known| known.as_str() == word).ok_or(WrongCell)
}

fn severity_of(word: &str) -> Result<Severity, WrongCell> {
    let known = [Severity::Critical, Severity::Major, Severity::Minor, Severity::Info];
    known.into_iter().find(|known| known.as_str() == word).ok_or(WrongCell)
}

fn malformed() -> Fault {
    Fault::malformed("a row", "of incidents")
}
