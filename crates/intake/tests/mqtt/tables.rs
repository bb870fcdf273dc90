//! Tables of packets in `tests/data/*.txt`: what is sent, what must come back. `>` sends, `<` expects, `< closed`
//! expects the end. A case that is not closed must still answer a PINGREQ.

use crate::script::Raw;
use crate::station::Station;
use watchfire_intake::Limits;

async fn run(table: &str, station: &Station) {
    let cases = table.split("\n== ").skip(1);
    let mut count = 0;
    for case in cases {
        let (name, lines) = case.split_once('\n').unwrap();
        println!("case: {name}");
        let (mut raw, mut closed, mut connected) = (Raw::open(station.port).await, false, false);
        for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_at(2) {
                ("> ", script) => raw.send(script).await,
                ("< ", "closed") => {
                    raw.closed().await;
                    closed = true;
                }
                ("< ", script) => {
                    connected |= script.starts_with("$a");
                    raw.expect(script).await;
                }
                _ => panic!("not a line: {line}"),
            }
        }
        if !closed && connected {
            raw.alive().await;
        }
        count += 1;
    }
    assert!(count > 0);
}

#[tokio::test]
async fn connect() {
    run(include_str!("../data/connect.txt"), &Station::start().await).await;
}

#[tokio::test]
async fn publish() {
    let station = Station::start().await;
    run(include_str!("../data/publish.txt"), &station).await;
    let allowed = station.frames();
    assert!(allowed.iter().all(|frame| !frame.contains("forbidden")), "{allowed:?}");
}

#[tokio::test]
async fn subscribe() {
    let limits = Limits { filters_per_client_max: 3, ..Limits::default() };
    run(include_str!("../data/subscribe.txt"), &Station::limited(limits).await).await;
}

#[tokio::test]
async fn malformed() {
    run(include_str!("../data/malformed.txt"), &Station::start().await).await;
}
