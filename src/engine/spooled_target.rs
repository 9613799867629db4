//! The record of a target on disk: all that its line says, without anything of an attempt.

use std::io;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::job::Job;
use crate::http::Naming;
use crate::model::meta::Meta;
use crate::model::save_path::SavePath;
use crate::model::target::{Location, Secret, Target, Verb};

/// A record: a target that has not been tried, with the path of its file.
#[derive(Serialize, Deserialize)]
pub(super) struct SpooledTarget<'a> {
    index: u64,
    url: &'a str,
    #[serde(borrow)]
    authorization: Option<&'a [u8]>,
    verb: Verb,
    /// Name, value and whether it is a secret.
    #[serde(borrow)]
    headers: Option<Vec<(&'a str, &'a [u8], bool)>>,
    output: Option<&'a str>,
    sha256: Option<[u8; 32]>,
    meta: Option<&'a str>,
    #[serde(borrow)]
    file: Option<(&'a str, SpooledNaming<'a>)>,
}

#[derive(Serialize, Deserialize)]
enum SpooledNaming<'a> {
    Requested,
    Other(&'a str),
    Late,
}

impl<'a> SpooledTarget<'a> {
    /// The record of a job.
    pub(super) fn of(job: &'a Job) -> Self {
        let target = &*job.target;
        let header = |(name, value): (&'a HeaderName, &'a HeaderValue)| {
            (name.as_str(), value.as_bytes(), value.is_sensitive())
        };
        SpooledTarget {
            index: target.index,
            url: target.location.text(),
            authorization: target
                .location
                .authorization()
                .map(|secret| secret.reveal().as_bytes()),
            verb: target.verb,
            headers: target
                .headers
                .as_ref()
                .map(|headers| headers.iter().map(header).collect()),
            output: target.output.as_ref().map(SavePath::as_str),
            sha256: target.sha256.as_deref().copied(),
            meta: target.meta.as_ref().map(Meta::as_str),
            file: job.file.as_ref().map(|(place, naming)| {
                let naming = match naming {
                    Naming::Requested => SpooledNaming::Requested,
                    Naming::Other(name) => SpooledNaming::Other(name.as_str()),
                    Naming::Late => SpooledNaming::Late,
                };
                (place.as_str(), naming)
            }),
        }
    }

    /// The job of the record.
    ///
    /// # Errors
    ///
    /// If the record is not one that was written here.
    pub(super) fn into_job(self) -> io::Result<Job> {
        let path = |text: &str| SavePath::from_safe(text.to_owned());
        let secret = self.authorization.map(Secret::from_header).transpose();
        let location = Location::restore(self.url, secret.map_err(io::Error::other)?);
        let target = Target {
            index: self.index,
            location: location.map_err(io::Error::other)?,
            verb: self.verb,
            headers: self.headers.map(headers).transpose()?,
            output: self.output.map(path),
            sha256: self.sha256.map(Box::new),
            meta: self.meta.and_then(Meta::parse),
        };
        let file = self.file.map(|(place, naming)| {
            let naming = match naming {
                SpooledNaming::Requested => Naming::Requested,
                SpooledNaming::Other(name) => Naming::Other(path(name)),
                SpooledNaming::Late => Naming::Late,
            };
            (path(place), naming)
        });
        Ok(Job::new(Arc::new(target), file))
    }
}

fn headers(spooled: Vec<(&str, &[u8], bool)>) -> io::Result<Box<HeaderMap>> {
    let mut headers = HeaderMap::new();
    for (name, value, is_secret) in spooled {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?;
        let mut value = HeaderValue::from_bytes(value).map_err(io::Error::other)?;
        value.set_sensitive(is_secret);
        headers.append(name, value);
    }
    Ok(Box::new(headers))
}
