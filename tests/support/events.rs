//! Server-sent events, as a browser gets them.

use super::wait::PATIENCE;
use reqwest::Response;
use serde_json::Value;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// One event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// See the head of this file.
pub(crate) struct Events {
    answer: Response,
    runtime: Arc<Runtime>,
    read: Vec<u8>,
}

impl Events {
    pub(crate) fn new(answer: Response, runtime: Arc<Runtime>) -> Events {
        Events { answer, runtime, read: Vec::new() }
    }

    /// The next one of that name that `wanted` wants; the ones before are dropped.
    pub(crate) fn wait_for(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Event {
        let runtime = Arc::clone(&self.runtime);
        let found = runtime.block_on(async {
            let search = async {
                loop {
                    let event = self.next().await;
                    if event.name == name && wanted(&event.data) {
                        return event;
                    }
                }
            };
            tokio::time::timeout(PATIENCE, search).await
        });
        found.unwrap_or_else(|_| panic!("the event `{name}` did not come"))
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.read.drain(..end + 2).collect();
                return parse(std::str::from_utf8(&block).unwrap());
            }
            let chunk = self.answer.chunk().await.unwrap();
            self.read.extend_from_slice(&chunk.expect("the stream of events has ended"));
        }
    }
}

fn parse(block: &str) -> Event {
    let mut event = Event::default();
    for (field, value) in block.lines().filter_map(|line| line.split_once(": ")) {
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = value.to_owned(),
            "data" => event.data = serde_json::from_str(value).unwrap(),
            _ => {}
        }
    }
    event
}
