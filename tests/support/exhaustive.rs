//! The choice between all cases of an exhaustive test and a sample of them.

/// The variable that asks for all cases. `.ci/run` sets it; without it, the few tests that take most of the
/// suite's time take a sample.
const VARIABLE: &str = "PFETCH_TEST_EXHAUSTIVE";

/// True if all cases are asked for.
pub(crate) fn is_exhaustive() -> bool {
    std::env::var_os(VARIABLE).is_some()
}
