//! The client's part in decoding: what it knows of the request and the file decides which codings of a
//! response are undone.

use super::client::Client;
use super::decode::{BodyPlan, BodyUse, Codings, UndecodableError};
use super::fetch_state::{FetchState, RequestError};
use super::given_headers::accepts_codings;
use super::sink::Sink;
use crate::model::outcome::{Failure, FailureKind};
use crate::save::filename;

impl Client {
    /// Decides which codings of a wanted body are undone, by its `Content-Encoding` lines and its
    /// `Content-Disposition`, and notes in the state what the result says about them.
    ///
    /// # Errors
    ///
    /// If the body is to be decoded and cannot be.
    pub(super) fn plan_decoding<'h>(
        &self,
        state: &mut FetchState<'_>,
        encodings: impl Iterator<Item = &'h [u8]>,
        disposition: Option<&[u8]>,
    ) -> Result<Option<Codings>, RequestError> {
        let mut encodings = encodings.peekable();
        if encodings.peek().is_none() {
            return Ok(None);
        }
        let config = &self.shared.config;
        let server_name = disposition.and_then(filename);
        let usage = BodyUse {
            is_decoded: config.compressed,
            may_be_encoded: matches!(state.sink, Sink::None)
                || accepts_codings(config, state.target),
            file_name: state.sink.file_name(server_name.as_deref()),
        };
        let plan = BodyPlan::new(encodings, usage).map_err(undecodable)?;
        state.notices = plan.notices;
        Ok(plan.codings)
    }
}

fn undecodable(error: UndecodableError) -> RequestError {
    RequestError::Failed(Failure {
        kind: FailureKind::Encoding,
        phase: None,
        message: error.to_string(),
        is_transient: false,
        is_alone: false,
    })
}
