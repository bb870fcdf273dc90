//! Tables for spreadsheets, opened by another program's reader.

use crate::history::{FORMULA, with_archive};
use crate::support::Client;
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;
use std::time::Duration;
use tempfile::TempDir;

const SPAN: &str = "from=2026-02-02T02:40:00Z&to=2026-02-02T02:41:00Z";
const DEVICE: &str =
    "site=sunshine&source=watchfire&device=smoke-201&from=2026-02-02T02:40:04Z&to=2026-02-02T02:40:06Z";
const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn book(client: &Client<'_>, path: &str) -> Xlsx<Cursor<Vec<u8>>> {
    let (media_type, bytes) = client.file(path).await;
    assert_eq!(media_type, MEDIA_TYPE);
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

/// Row after row, as a reader shows it; times as a spreadsheet does.
fn rows(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str) -> Vec<Vec<String>> {
    let show = |cell: &Data| match cell {
        Data::DateTime(time) => {
            let (year, month, day, hour, minute, second, ms) = time.to_ymd_hms_milli();
            format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
        }
        other => other.to_string(),
    };
    book.worksheet_range(sheet).unwrap().rows().map(|row| row.iter().map(show).collect()).collect()
}

/// The cell under that heading.
fn under<'a>(rows: &'a [Vec<String>], row: usize, heading: &str) -> &'a str {
    let column = rows[0].iter().position(|one| one == heading).unwrap_or_else(|| panic!("{heading}: {:?}", rows[0]));
    &rows[row][column]
}

#[tokio::test]
async fn alerts_open_in_a_spreadsheet_in_either_language() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let mut english = book(&client, &format!("/api/v1/alerts.xlsx?{SPAN}&lang=en")).await;
    let english = rows(&mut english, "Alerts");
    assert_eq!(english.len(), 4, "headings and three alerts");
    let first = ["Class", "Site", "Device", "Reason", "Time zone", "Raised", "Acknowledged", "Acknowledged after (s)"]
        .map(|heading| under(&english, 1, heading));
    let expected = [
        "Fire",
        "Sunshine care home",
        "Smoke, room 201",
        "smoke alarm of the device",
        "Asia/Shanghai",
        "2026-02-02 10:40:01.000",
        "2026-02-02 10:40:20.000",
        "19",
    ];
    assert_eq!(first, expected);
    let mut chinese = book(&client, &format!("/api/v1/alerts.xlsx?{SPAN}")).await;
    let chinese = rows(&mut chinese, "警情");
    let first = ["类别", "单位", "设备", "处置"].map(|heading| under(&chinese, 1, heading));
    assert_eq!(first, ["火警", "阳光敬老院", "201室感烟", "已确认，待核实"]);
    assert_eq!(chinese[0].len(), english[0].len(), "the same columns in both");
}

#[tokio::test]
async fn no_cell_of_a_workbook_is_a_formula() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let mut book = book(&client, &format!("/api/v1/alerts.xlsx?{SPAN}&lang=en")).await;
    assert_eq!(under(&rows(&mut book, "Alerts"), 3, "Reason"), FORMULA, "the text is as it was");
    let formulas = book.worksheet_formula("Alerts").unwrap();
    assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()));
}

#[tokio::test]
async fn readings_as_a_table() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    let client = bench.operator().await;
    let mut found = book(&client, &format!("/api/v1/readings.xlsx?{DEVICE}&lang=en")).await;
    let found: Vec<String> = rows(&mut found, "Readings").iter().map(|row| row.join(" ")).collect();
    let expected = [
        "Time Point Metric Value Unit",
        "2026-02-02 10:40:04.000 smoke_alarm smoke_alarm no ",
        "2026-02-02 10:40:05.000 smoke_alarm smoke_alarm no ",
        "2026-02-02 10:40:06.000 smoke_alarm smoke_alarm yes ",
        "2026-02-02 10:40:04.000 temperature temperature 24 Cel",
        "2026-02-02 10:40:05.000 temperature temperature 25 Cel",
        "2026-02-02 10:40:06.000 temperature temperature 26 Cel",
    ];
    assert_eq!(found, expected);
    let csv = client.get(&format!("/api/v1/readings.csv?{DEVICE}")).await;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "200 \u{feff}at,point,metric,value,unit");
    assert_eq!(lines[3], "2026-02-02T02:40:06Z,smoke_alarm,smoke_alarm,true,");
    assert_eq!(lines[4], "2026-02-02T02:40:04Z,temperature,temperature,24,Cel");
}

#[tokio::test]
async fn figures_as_a_workbook() {
    let directory = TempDir::new().unwrap();
    let bench = with_archive(&directory).await;
    bench.pass(Duration::from_secs(60));
    let client = bench.operator().await;
    let mut found = book(&client, &format!("/api/v1/figures.xlsx?{SPAN}&lang=en")).await;
    assert_eq!(
        found.sheet_names(),
        ["Alerts and false alarms", "Causes", "Most alerts", "Availability", "Longest away", "Duty checks"]
    );
    let classes = rows(&mut found, "Alerts and false alarms");
    let fire = ["Class", "Alerts", "Acknowledged", "Acknowledged: median (s)", "Verified: median (s)"]
        .map(|heading| under(&classes, 1, heading));
    assert_eq!(fire, ["Fire", "3", "1", "19", ""]);
    let offenders = rows(&mut found, "Most alerts");
    assert_eq!(offenders[1], ["Sunshine care home", "Smoke, room 201", "smoke-201", "3", "0"]);
    let sites = rows(&mut found, "Availability");
    assert_eq!(sites[1][..3], ["Sunshine care home", "1", "1"]);
    let duty = rows(&mut found, "Duty checks");
    assert_eq!(under(&duty, 1, "Missed"), "1");
    assert_eq!(under(&duty, 1, "Median answer (s)"), "48");
    for query in ["from=x&to=y", "from=2026-02-02T02:40:00Z&to=2026-02-02T02:41:00Z&lang=fr"] {
        assert!(client.get(&format!("/api/v1/figures.xlsx?{query}")).await.starts_with("422"), "{query}");
    }
}
