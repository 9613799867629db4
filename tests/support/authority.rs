//! Certificates made as the test runs, by an authority of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

/// The contents of a certificate.
pub(crate) use rcgen::CertificateParams as Params;

/// Changes to it.
pub(crate) type Change = fn(&mut Params);

/// A certificate and its key, both as PEM.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Who signs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// When a certificate is valid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Valid {
    Now,
    NoLonger,
    NotYet,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Authority::made(name, &[], is_authority)
    }

    /// One whose own certificate is made with these changes, and which nobody else has signed.
    pub(crate) fn made(name: &str, names: &[&str], change: Change) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(name, names, Valid::Now);
        change(&mut params);
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// The same, signed by this one.
    pub(crate) fn signs(&self, name: &str, names: &[&str], change: Change) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = params(name, names, Valid::Now);
        change(&mut params);
        Authority(CertifiedIssuer::signed_by(params, key, &self.0).unwrap())
    }

    /// Itself as a server.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            certificate: self.pem(),
            key: self.0.key().serialize_pem(),
        }
    }

    /// Its own certificate, as PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names or addresses.
    pub(crate) fn issue(&self, names: &[&str], valid: Valid) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params("a server", names, valid).signed_by(&key, &self.0);
        Identity {
            certificate: certificate.unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// One that is good for every server on the loopback.
    pub(crate) fn loopback(&self) -> Identity {
        self.issue(&["127.0.0.1", "localhost"], Valid::Now)
    }
}

/// The changes that make a certificate an authority's.
pub(crate) fn is_authority(params: &mut Params) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

/// A certificate that nobody has signed but itself; `is_ca` as `openssl req -x509` makes it.
pub(crate) fn self_signed(names: &[&str], is_ca: bool) -> Identity {
    let change = if is_ca {
        is_authority
    } else {
        |_: &mut Params| {}
    };
    Authority::made("itself", names, change).identity()
}

fn params(subject: &str, names: &[&str], valid: Valid) -> CertificateParams {
    let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, subject);
    set_validity(&mut params, valid);
    params
}

pub(crate) fn set_validity(params: &mut Params, valid: Valid) {
    // Dates that are far from today, whatever today's clock says.
    let (from, to) = match valid {
        Valid::Now => (2000, 3000),
        Valid::NoLonger => (2000, 2001),
        Valid::NotYet => (2900, 3000),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
}

/// Each crate that includes this file uses its own part of it; see `pfetch.rs`.
const _: () = {
    let _ = (Authority::issue, Authority::loopback, Authority::pem);
    let _ = (
        Authority::identity,
        Authority::signs,
        set_validity,
        self_signed,
    );
    let _ = (Valid::Now, Valid::NoLonger, Valid::NotYet);
};
