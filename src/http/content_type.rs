//! The media types of answers: the text of `Content-Type` for the reports.

use std::sync::Arc;

use super::transport::head::ResponseHead;
use crate::model::text::excerpt;

/// The most characters of a media type that are kept: those of RFC 6838 have 255, and parameters besides.
const LONGEST: usize = 300;

/// The name of the field.
pub(super) const CONTENT_TYPE: &str = "content-type";

/// The media type of the answer before. Those of one worker are mostly alike, so they share one text.
#[derive(Debug, Default)]
pub(super) struct ContentTypeCache {
    last: Option<(Box<[u8]>, Arc<String>)>,
}

impl ContentTypeCache {
    /// The media type of an answer as it stands in the head, safe to show; `None` if it states none.
    pub(super) fn of(&mut self, head: &ResponseHead) -> Option<Arc<String>> {
        let value = head.get(CONTENT_TYPE).filter(|value| !value.is_empty())?;
        match &self.last {
            Some((known, text)) if **known == *value => Some(Arc::clone(text)),
            _ => {
                let text = Arc::new(excerpt(&String::from_utf8_lossy(value), LONGEST));
                self.last = Some((value.into(), Arc::clone(&text)));
                Some(text)
            }
        }
    }
}
