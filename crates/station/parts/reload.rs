//! A reload of sites, rules and profiles while the station runs: read, check, journal, and only then let the listener know the
//! new identities. What is wrong leaves everything as it was.

use crate::config::{self, StationConfig};
use crate::parts::inputs::Inputs;
use crate::parts::listener::{Listener, Secrets};
use crate::parts::metrics::StationMetrics;
use crate::parts::panels::PanelGateway;
use crate::parts::paths::DataPaths;
use crate::parts::set_ups::put_in_force;
use crate::parts::shadow::DraftRules;
use std::sync::Arc;
use tokio::sync::watch;
use tracing::{error, info, warn};
use watchfire_model::{Act, ActKind, Input};
use watchfire_settings::Problem;

/// How much of the reasons of a refusal the audit is told.
const REASONS_CHARS_MAX: usize = 1_000;

/// Everything that a reload needs, so that it can run beside whoever asked for it.
pub(crate) struct Reload {
    pub(crate) config: StationConfig,
    pub(crate) paths: DataPaths,
    pub(crate) secrets: Secrets,
    pub(crate) listener: Listener,
    pub(crate) panels: PanelGateway,
    pub(crate) inputs: Inputs,
    pub(crate) draft: Arc<watch::Sender<DraftRules>>,
    pub(crate) metrics: Arc<StationMetrics>,
}

impl Reload {
    /// Reloads; says in the log what came of it.
    pub(crate) async fn run(self) {
        let (metrics, inputs) = (Arc::clone(&self.metrics), self.inputs.clone());
        let result = match self.attempt().await {
            Ok(()) => {
                info!("sites, rules and profiles reloaded");
                "done"
            }
            Err(reasons) => {
                for reason in &reasons {
                    error!(reason, "not reloaded");
                }
                let refused = Act { detail: cut(&reasons), ..act(ActKind::ReloadRefused) };
                // Without a journal nothing is told; the station ends.
                let _ = inputs.journal(&Input::Act(refused)).await;
                "refused"
            }
        };
        metrics.reloads.with_label_values(&[result]).inc();
    }

    async fn attempt(self) -> Result<(), Vec<String>> {
        let station = self.config.clone();
        let loading = move || Ok((config::load_set_up(&station)?, config::load_draft(&station)?));
        let loaded: Result<_, Vec<Problem>> =
            tokio::task::spawn_blocking(loading).await.map_err(|error| vec![error.to_string()])?;
        let (set_up, draft) =
            loaded.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<String>>())?;
        for problem in config::reach::unreached(&set_up.sites, &self.config.notify) {
            warn!(%problem, "somebody will not be told");
        }
        let identities = self.listener.identities(&set_up.sites, &self.secrets)?;
        let (sites, profiles) = (set_up.sites.clone(), set_up.profiles.clone());
        let reloaded = self.inputs.journal(&Input::Act(act(ActKind::Reloaded))).await;
        reloaded.map_err(|gone| vec![gone.to_string()])?;
        put_in_force(&self.paths, &self.inputs, set_up, None).await.map_err(|why| vec![why.to_string()])?;
        self.draft.send_replace(draft);
        self.listener.put(identities);
        self.panels.put(&self.config, &sites, &profiles)
    }
}

/// Whoever may send the process a signal: the machine tells no more.
fn act(kind: ActKind) -> Act {
    Act { by: Some("os:SIGHUP".into()), ..Act::new(kind) }
}

fn cut(reasons: &[String]) -> String {
    reasons.join("; ").chars().take(REASONS_CHARS_MAX).collect()
}
