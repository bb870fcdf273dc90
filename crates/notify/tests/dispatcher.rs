//! The dispatcher: no channel waits for another, the most urgent goes first, nothing hangs for ever.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/sample.rs"]
mod sample;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use prometheus::{Registry, TextEncoder};
use sample::{delivery, facts};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use watchfire_model::sites::Language;
use watchfire_model::{ChannelKind, Class, Failure, Outcome};
use watchfire_notify::{Channel, Delivery, DeliveryError, Dispatcher, DispatcherOptions, Receipt};

/// Takes a message when it is given leave, and says so.
struct Gate {
    kind: ChannelKind,
    leave: Arc<Semaphore>,
    begun: mpsc::UnboundedSender<Class>,
    panics: bool,
}

impl Channel for Gate {
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, DeliveryError>> {
        async move {
            self.begun.send(delivery.facts.class).unwrap();
            assert!(!self.panics, "a bug");
            self.leave.acquire().await.unwrap().forget();
            Ok(Receipt { text: "taken".to_owned() })
        }
        .boxed()
    }

    fn kind(&self) -> ChannelKind {
        self.kind
    }
}

struct Bench {
    dispatcher: Dispatcher,
    sms: Arc<Semaphore>,
    email: Arc<Semaphore>,
    begun: mpsc::UnboundedReceiver<Class>,
    registry: Registry,
}

/// SMS and e-mail behind gates; a webhook channel that panics if `panics`, else none.
fn bench(options: DispatcherOptions, panics: bool) -> Bench {
    let (sender, begun) = mpsc::unbounded_channel();
    let (sms, email) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gate = |kind, leave: &Arc<Semaphore>, panics| -> Arc<dyn Channel> {
        Arc::new(Gate { kind, leave: leave.clone(), begun: sender.clone(), panics })
    };
    let mut channels = vec![gate(ChannelKind::Sms, &sms, false), gate(ChannelKind::Email, &email, false)];
    if panics {
        channels.push(gate(ChannelKind::Webhook, &email, true));
    }
    let registry = Registry::new();
    let dispatcher = Dispatcher::new(channels, options, &registry).unwrap();
    Bench { dispatcher, sms, email, begun, registry }
}

fn message(channel: ChannelKind, class: Class, attempt: u32) -> Delivery {
    let mut delivery = delivery(channel, "x", Language::En);
    delivery.facts = facts(class, 7);
    delivery.id.attempt = attempt;
    delivery
}

fn one_at_once() -> DispatcherOptions {
    DispatcherOptions { at_once_max: 1, ..DispatcherOptions::default() }
}

#[tokio::test]
async fn a_channel_that_hangs_holds_up_nothing_else() {
    let mut bench = bench(one_at_once(), false);
    bench.dispatcher.send(message(ChannelKind::Sms, Class::Fire, 1));
    bench.dispatcher.send(message(ChannelKind::Email, Class::Fire, 1));
    bench.email.add_permits(1);
    let outcome = bench.dispatcher.next().await.unwrap();
    assert!(matches!(&outcome, Outcome::Delivered { delivery, receipt }
        if delivery.channel == ChannelKind::Email && receipt == "taken"));
    assert_eq!(bench.dispatcher.pending(), 1);
}

#[tokio::test]
async fn the_most_urgent_goes_first_and_what_is_not_wanted_never() {
    let mut bench = bench(one_at_once(), false);
    let classes = [Class::Fault, Class::Offline, Class::Fault, Class::Gas, Class::Fire];
    for (attempt, class) in (1..).zip(classes) {
        bench.dispatcher.send(message(ChannelKind::Sms, class, attempt));
    }
    bench.dispatcher.retain(|id| id.attempt != 3);
    bench.sms.add_permits(9);
    while bench.dispatcher.next().await.is_some() {}
    let mut begun = Vec::new();
    while let Ok(class) = bench.begun.try_recv() {
        begun.push(class);
    }
    assert_eq!(begun, [Class::Fault, Class::Fire, Class::Gas, Class::Offline]);
}

#[tokio::test(start_paused = true)]
async fn silence_panic_and_no_channel_are_failures() {
    let mut bench = bench(DispatcherOptions::default(), true);
    for channel in [ChannelKind::Sms, ChannelKind::Webhook] {
        bench.dispatcher.send(message(channel, Class::Fire, 1));
    }
    let mut failures = Vec::new();
    while let Some(outcome) = bench.dispatcher.next().await {
        let Outcome::Failed { delivery, failure, detail } = outcome else { panic!("{outcome:?}") };
        failures.push((delivery.channel, failure, detail));
    }
    failures.sort_by_key(|(channel, ..)| *channel);
    let unreachable = Failure::Unreachable;
    assert_eq!(
        failures,
        [
            (ChannelKind::Sms, unreachable, "unreachable: no answer within 30 s".to_owned()),
            (ChannelKind::Webhook, unreachable, "unreachable: the channel panicked: a bug of ours".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_channel_that_is_not_configured_refuses_and_all_is_counted() {
    let mut bench = bench(DispatcherOptions::default(), false);
    bench.dispatcher.send(message(ChannelKind::Webhook, Class::Fire, 1));
    let outcome = bench.dispatcher.next().await.unwrap();
    assert!(matches!(outcome, Outcome::Failed { failure: Failure::Refused, .. }), "{outcome:?}");
    bench.dispatcher.send(message(ChannelKind::Sms, Class::Fire, 1));
    let metrics = TextEncoder::new().encode_to_string(&bench.registry.gather()).unwrap();
    for line in [
        "watchfire_deliveries_total{channel=\"webhook\",result=\"refused\"} 1",
        "watchfire_deliveries_total{channel=\"email\",result=\"throttled\"} 0",
        "watchfire_deliveries_in_flight{channel=\"sms\"} 1",
        "watchfire_deliveries_waiting{channel=\"sms\"} 0",
        "watchfire_delivery_seconds_count{channel=\"webhook\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    assert!(Dispatcher::new(Vec::new(), one_at_once(), &bench.registry).is_err());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_wait_loses_nothing() {
    let mut bench = bench(one_at_once(), false);
    bench.dispatcher.send(message(ChannelKind::Sms, Class::Fire, 1));
    assert!(tokio::time::timeout(Duration::from_secs(1), bench.dispatcher.next()).await.is_err());
    bench.sms.add_permits(1);
    assert!(bench.dispatcher.next().await.is_some());
    assert!(bench.dispatcher.next().await.is_none());
}
