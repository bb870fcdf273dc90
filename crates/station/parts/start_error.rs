//! Why a station does not start.

/// A start failed. The message says what, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("failed to {doing}: {why}")]
pub(crate) struct StartError {
    pub(crate) doing: &'static str,
    pub(crate) why: String,
}

/// Makes an error of whatever stands in the way of `doing`.
pub(crate) fn failed<E: std::fmt::Display>(doing: &'static str) -> impl Fn(E) -> StartError {
    move |why| StartError { doing, why: why.to_string() }
}
