//! Whether the station does its work: judged by the probe, a frame that goes through the real port into the journal
//! and out of the rules.

use crate::view::When;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_model::{Bilingual, Timestamp};

/// What the probe found, as the station tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The last probe that came through.
    pub passed: Option<ProbePass>,
    /// Why the latest probe did not come through; `None` when it did, or when there was none yet.
    pub failing: Option<Bilingual>,
    /// A probe must come through within this time.
    pub took_max: Duration,
    /// The last probe must not be older than this.
    pub age_max: Duration,
}

/// A probe that came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbePass {
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReadinessView {
    /// Whether the station does its work.
    pub(crate) ready: bool,
    /// Why not, in English; `null` when it is ready.
    pub(crate) en: Option<String>,
    /// Why not, in Chinese.
    pub(crate) zh: Option<String>,
    /// When the last probe came through.
    pub(crate) probe_at: Option<When>,
    /// How long it took, in milliseconds.
    pub(crate) probe_ms: Option<f64>,
}

impl Health {
    /// Before the first probe.
    pub fn starting(took_max: Duration, age_max: Duration) -> Health {
        Health { passed: None, failing: None, took_max, age_max }
    }

    /// Why the station is not ready; `None` when it is.
    pub(crate) fn trouble(&self, now: Timestamp) -> Option<Bilingual> {
        if let Some(why) = &self.failing {
            return Some(why.clone());
        }
        let Some(pass) = self.passed else {
            return Some(Bilingual::new("no probe has come through yet", "尚无探测报文走通全程"));
        };
        let (took_ms, took_max_ms) = (pass.took.as_millis(), self.took_max.as_millis());
        if pass.took > self.took_max {
            return Some(Bilingual::new(
                format!("the last probe took {took_ms} ms; the limit is {took_max_ms} ms"),
                format!("最近一次探测耗时 {took_ms} 毫秒,超过上限 {took_max_ms} 毫秒"),
            ));
        }
        let (age_s, age_max_s) = (now.since(pass.at).as_secs(), self.age_max.as_secs());
        (now.since(pass.at) > self.age_max).then(|| {
            Bilingual::new(
                format!("the last probe came through {age_s} s ago; the limit is {age_max_s} s"),
                format!("最近一次探测成功在 {age_s} 秒之前,超过上限 {age_max_s} 秒"),
            )
        })
    }

    pub(crate) fn view(&self, now: Timestamp) -> ReadinessView {
        let trouble = self.trouble(now);
        ReadinessView {
            ready: trouble.is_none(),
            en: trouble.as_ref().map(|why| why.english().to_owned()),
            zh: trouble.as_ref().map(|why| why.chinese().to_owned()),
            probe_at: self.passed.map(|pass| When(pass.at)),
            probe_ms: self.passed.map(|pass| pass.took.as_secs_f64() * 1_000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_while_the_last_probe_was_quick_and_recent() {
        let starting = Health::starting(Duration::from_secs(1), Duration::from_secs(15));
        let pass = |at_s, took_ms| Health {
            passed: Some(ProbePass { at: Timestamp::from_seconds(at_s), took: Duration::from_millis(took_ms) }),
            ..starting.clone()
        };
        let failing = Health { failing: Some(Bilingual::new("port closed", "端口已关闭")), ..pass(100, 5) };
        let now = Timestamp::from_seconds(110);
        for (health, expected) in [
            (starting.clone(), "no probe has come through yet"),
            (pass(100, 5), "ready"),
            (pass(100, 1_500), "the last probe took 1500 ms; the limit is 1000 ms"),
            (pass(90, 5), "the last probe came through 20 s ago; the limit is 15 s"),
            (failing, "port closed"),
        ] {
            let found = health.trouble(now).map_or_else(|| "ready".to_owned(), |why| why.en);
            assert_eq!(found, expected);
        }
    }
}
