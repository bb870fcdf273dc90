//! Incidents: many alerts of one building are one.

use crate::support::{Bench, alert_id, raise, record, transition};
use serde_json::{Value, json};
use watchfire_model::{Class, Step, UserName};

#[tokio::test]
async fn two_hundred_alarms_of_one_building_are_one_incident_and_a_new_one_opens_it_again() {
    let bench = Bench::start().await;
    let client = bench.operator().await;
    let incidents = async || -> Value { client.json("/api/v1/incidents").await["incidents"].take() };
    let alarm = |number: u64| {
        bench.live.join(alert_id(number), alert_id(1));
        raise(&bench, number, Class::Fire);
    };
    (1..=200).for_each(alarm);
    raise(&bench, 201, Class::Fault);
    let all = incidents().await;
    assert_eq!(all.as_array().unwrap().len(), 2, "the fault is none of it");
    let [fires, fault] = [&all[0], &all[1]];
    assert_eq!(
        [&fires["class"], &fires["alerts_total"], &fires["unacknowledged"]],
        [&json!("fire"), &json!(200), &json!(200)]
    );
    assert_eq!(fires["alerts"].as_array().unwrap().len(), 200, "every detector is listed");
    assert_eq!(fires["id"], alert_id(1).to_string());
    assert_eq!([&fault["class"], &fault["id"]], ["fault", &alert_id(201).to_string()]);

    let by = UserName::new("li").unwrap();
    let seen = (1..=200).map(|number| transition(number, 202, Class::Fire, Step::Acknowledged { by: by.clone() }));
    bench.live.alert_record(202, &record(seen.collect()));
    assert_eq!(incidents().await[0]["unacknowledged"], 0);
    alarm(203);
    let again = &incidents().await[0];
    assert_eq!([&again["alerts_total"], &again["unacknowledged"]], [201, 1]);
}
