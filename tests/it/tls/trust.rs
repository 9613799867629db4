//! The trust in certificates that the user names: as anchors, as pins, and not at all.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::authority::{Authority, Change, Identity, Params, Valid, is_authority, set_validity};
use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::secure::{server_config, unchecked_config};
use crate::tls::support::{answer, error, https};

const HERE: &str = "127.0.0.1";
const ELSEWHERE: &str = "elsewhere.example";

const NOT_TRUSTED: &str = "not from an issuer that is trusted here";
const NOT_BY_AN_AUTHORITY: &str = "signed with one that is not an authority's";
const ANOTHER_NAME: &str = "the certificate is for another name";
const NOT_FOR_SERVERS: &str = "the certificate is not for servers";

fn no_change(_: &mut Params) {}

/// The changes that make a certificate one that is nobody's authority.
const NO_AUTHORITY: [Change; 4] = [
    no_change,
    |params| params.is_ca = IsCa::ExplicitNoCa,
    |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign],
    |params| {
        is_authority(params);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    },
];

/// Fetches under this name from a server of this set-up, with these certificates trusted: once by
/// option, once by each variable of the environment. The verdict is the same; `None` is success.
fn judge(trusted: &str, config: &Arc<ServerConfig>, host: &str) -> Option<String> {
    let dir = Dir::new();
    let file = dir.file("trusted.pem", trusted);
    let config = Arc::clone(config);
    let server = Raw::start(move |wire| answer(&config, wire));
    let port = server.addr().port();
    let url = format!("https://{host}:{port}/");
    let pin = format!("{ELSEWHERE}:{port}:127.0.0.1");
    let args = ["--format=jsonl", "--retry=0", "--resolve", &pin, &url];
    let folder = dir.path().display().to_string();
    let runs = [
        pfetch(&[&args[..], &["--cacert", &file]].concat()).run(),
        pfetch(&args).env("SSL_CERT_FILE", &file).run(),
        pfetch(&args).env("SSL_CERT_DIR", &folder).run(),
    ];
    let verdicts = runs.each_ref().map(verdict);
    let message = format!("{runs:#?}");
    assert!(
        verdicts.iter().all(|other| *other == verdicts[0]),
        "{message}"
    );
    let [verdict, ..] = verdicts;
    verdict
}

/// The message of a failure.
fn verdict(run: &Run) -> Option<String> {
    let result = run.result();
    if result["status"] == 200 {
        return None;
    }
    let [kind, phase, message] = error(&result);
    run.check("a failure of TLS", [kind, phase] == ["tls", "ssl"]);
    Some(message.to_owned())
}

#[track_caller]
fn accepted(trusted: &str, identity: &Identity, host: &str) {
    let verdict = judge(trusted, &server_config(identity, None), host);
    assert_eq!(verdict, None, "{trusted}\n{}", identity.certificate);
}

#[track_caller]
fn refused(trusted: &str, identity: &Identity, host: &str, why: &str) {
    let verdict = judge(trusted, &server_config(identity, None), host);
    let is_right = verdict.as_ref().is_some_and(|text| text.contains(why));
    let certificate = &identity.certificate;
    assert!(
        is_right,
        "{verdict:?} without {why:?}\n{trusted}\n{certificate}"
    );
}

/// The same with these issuers shown along with it.
fn with_chain(mut identity: Identity, issuers: &[&Authority]) -> Identity {
    identity
        .certificate
        .extend(issuers.iter().map(|issuer| issuer.pem()));
    identity
}

#[test]
fn a_certificate_that_is_no_authoritys_is_trusted_as_itself_alone() {
    let issuer = Authority::new("an authority that is not trusted");
    for change in NO_AUTHORITY {
        for leaf in [
            Authority::made("a server", &[HERE], change),
            issuer.signs("a server", &[HERE], change),
        ] {
            let trusted = leaf.pem();
            accepted(&trusted, &leaf.identity(), HERE);
            accepted(&trusted, &with_chain(leaf.identity(), &[&issuer]), HERE);
            for host in [HERE, ELSEWHERE] {
                let signed = leaf.issue(&[host], Valid::Now);
                refused(&trusted, &signed, host, NOT_TRUSTED);
            }
            let another = Authority::made("a server", &[HERE], change);
            let why = match judge(&trusted, &server_config(&another.identity(), None), HERE) {
                None => panic!("another certificate is taken for {trusted}"),
                Some(why) => why,
            };
            let is_right = why.contains(NOT_TRUSTED) || why.contains("an authority's own");
            assert!(is_right, "{why}");
        }
    }
}

#[test]
fn a_certificate_that_is_no_authoritys_does_not_vouch_as_part_of_a_chain() {
    let root = Authority::new("the test's own authority");
    for change in &NO_AUTHORITY[..3] {
        let leaf = root.signs("a server", &[HERE], *change);
        for host in [HERE, ELSEWHERE] {
            let signed = with_chain(leaf.issue(&[host], Valid::Now), &[&leaf]);
            for trusted in [root.pem(), leaf.pem(), root.pem() + &leaf.pem()] {
                refused(&trusted, &signed, host, NOT_BY_AN_AUTHORITY);
            }
        }
        accepted(&root.pem(), &leaf.identity(), HERE);
    }
}

#[test]
fn a_pinned_certificate_is_held_to_its_name_and_its_dates() {
    let kinds: [[Change; 3]; 2] = [
        [
            no_change,
            |params| set_validity(params, Valid::NoLonger),
            |params| set_validity(params, Valid::NotYet),
        ],
        [
            is_authority,
            |params| {
                is_authority(params);
                set_validity(params, Valid::NoLonger);
            },
            |params| {
                is_authority(params);
                set_validity(params, Valid::NotYet);
            },
        ],
    ];
    for [now, no_longer, not_yet] in kinds {
        for (change, names, why) in [
            (now, &[ELSEWHERE][..], ANOTHER_NAME),
            (now, &[], ANOTHER_NAME),
            (no_longer, &[HERE], "the certificate has expired, on 2001"),
            (not_yet, &[HERE], "not valid yet, only from 2900"),
        ] {
            let itself = Authority::made("itself", names, change);
            refused(&itself.pem(), &itself.identity(), HERE, why);
        }
    }
}

#[test]
fn a_servers_own_authority_is_trusted_as_a_server_and_as_an_authority() {
    let signs: Change = |params| {
        is_authority(params);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    };
    for change in [is_authority, signs] {
        let itself = Authority::made("itself", &[HERE], change);
        accepted(&itself.pem(), &itself.identity(), HERE);
        accepted(
            &itself.pem(),
            &itself.issue(&[ELSEWHERE], Valid::Now),
            ELSEWHERE,
        );
        let below = itself.signs("below", &[HERE], change);
        let signed = with_chain(below.issue(&[HERE], Valid::Now), &[&below]);
        accepted(&itself.pem(), &signed, HERE);
        // Trust in an authority is none in an authority below it as a server.
        refused(&itself.pem(), &below.identity(), HERE, "an authority's own");
        accepted(&below.pem(), &signed, HERE);
        // A certificate with the same names is not the same certificate.
        let double = Authority::made("itself", &[HERE], change);
        refused(
            &itself.pem(),
            &double.identity(),
            HERE,
            "an authority's own",
        );
    }
}

#[test]
fn a_pinned_certificate_whose_purposes_leave_servers_out_is_refused() {
    let purposes: [(Change, Option<&str>); 3] = [
        (
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
            None,
        ),
        (
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Some(NOT_FOR_SERVERS),
        ),
        (
            |params| {
                is_authority(params);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            },
            Some(NOT_FOR_SERVERS),
        ),
    ];
    for (change, why) in purposes {
        let itself = Authority::made("itself", &[HERE], change);
        match why {
            None => accepted(&itself.pem(), &itself.identity(), HERE),
            Some(why) => refused(&itself.pem(), &itself.identity(), HERE, why),
        }
    }
}

#[test]
fn a_pinned_certificate_shown_without_its_key_is_refused() {
    for change in [no_change, is_authority] {
        let itself = Authority::made("itself", &[HERE], change);
        let other = Authority::made("itself", &[HERE], change);
        let config = unchecked_config(der(&itself.pem()), &other.identity().key);
        let verdict = judge(&itself.pem(), &config, HERE);
        assert!(verdict.is_some(), "the signature of another key is taken");
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is PEM")
}

/// The tag, the contents and the rest of a DER element.
fn split(bytes: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, head) = match bytes[1] {
        0x81 => (usize::from(bytes[2]), 3),
        0x82 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
        short => (usize::from(short), 2),
    };
    let (contents, rest) = bytes[head..].split_at(length);
    (bytes[0], contents, rest)
}

/// A SEQUENCE of these contents.
fn sequence(contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).expect("a certificate is short");
    let [high, low] = length.to_be_bytes();
    let head = match (high, low) {
        (0, 0..=0x7f) => vec![0x30, low],
        (0, _) => vec![0x30, 0x81, low],
        _ => vec![0x30, 0x82, high, low],
    };
    [&head, contents].concat()
}

/// The certificate as version 1 would have it: without a version, and without extensions.
fn version_1(certificate: &CertificateDer<'_>) -> CertificateDer<'static> {
    let (_, whole, _) = split(certificate);
    let (_, mut fields, signature) = split(whole);
    let mut kept = Vec::new();
    while !fields.is_empty() {
        let (tag, _, rest) = split(fields);
        if ![0xa0, 0xa3].contains(&tag) {
            kept.extend(&fields[..fields.len() - rest.len()]);
        }
        fields = rest;
    }
    sequence(&[&sequence(&kept), signature].concat()).into()
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[test]
fn cacert_with_a_certificate_that_cannot_be_used_is_a_mistake_that_names_the_file() {
    let dir = Dir::new();
    let authority = Authority::new("an authority");
    let old = pem(&version_1(&der(&authority.pem())));
    let garbage = pem(&[0x30, 1, 0]);
    let cut = &authority.pem()[..100];
    for (name, text, words) in [
        ("old.pem", old, "certificate 1 in it is of X.509 version 1"),
        ("garbage.pem", garbage, "certificate 1 in it is damaged"),
        ("cut.pem", cut.to_owned(), "a section of it has no END line"),
        ("empty.pem", String::new(), "there is no certificate in it"),
    ] {
        let file = dir.file(name, text);
        let run = pfetch(&["--cacert", &file, "https://127.0.0.1:1/"]).run();
        let run = run.exits(2).complains_in_a_line();
        run.says(&format!("--cacert {file}: ")).says(words);
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_skipped_with_a_warning_while_others_serve() {
    let dir = Dir::new();
    let authority = Authority::new("an authority");
    let config = server_config(&authority.loopback(), None);
    let server = Raw::start(move |wire| answer(&config, wire));
    let old = pem(&version_1(&der(&authority.pem())));
    let garbage = pem(&[0x30, 1, 0]);
    let url = https(&server);
    for (text, words) in [
        (
            authority.pem() + &old,
            &["certificate 2 in it is of X.509 version 1"][..],
        ),
        (
            old.clone() + &authority.pem(),
            &["certificate 1 in it is of X.509 version 1"],
        ),
        (
            authority.pem() + &garbage + &old + &garbage,
            &["certificate 2 in it is damaged", "(and 2 more"],
        ),
    ] {
        let file = dir.file("some.pem", text);
        let run = pfetch(&["--retry=0", "--cacert", &file, &url])
            .run()
            .exits(0);
        let mut run = run.complains_in_a_line();
        run = run.says(&format!("--cacert {file}: ")).says("is skipped");
        for word in words {
            run = run.says(word);
        }
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn certificates_are_read_under_all_their_labels_and_behind_byte_order_marks() {
    let authority = Authority::new("an authority");
    let identity = authority.loopback();
    let plain = authority.pem();
    for text in [
        format!("\u{feff}{plain}"),
        format!("\u{feff}{}\u{feff}{plain}", Authority::new("another").pem()),
        plain.replace(" CERTIFICATE", " X509 CERTIFICATE"),
        plain.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"),
    ] {
        accepted(&text, &identity, HERE);
    }
    // Settings of trust behind it, as `openssl x509 -addreject serverAuth` writes them.
    let settings = [0x30, 12, 0xa0, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    let both = [&der(&plain)[..], &settings].concat();
    let rejected = pem(&both).replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let other = Authority::new("another").pem();
    refused(&(other + &rejected), &identity, HERE, NOT_TRUSTED);
    let dir = Dir::new();
    let file = dir.file("rejected.pem", rejected);
    let run = pfetch(&["--cacert", &file, "https://127.0.0.1:1/"]).run();
    run.exits(2).says("not trusted for servers");
}

#[test]
fn an_authority_is_held_to_its_own_dates_and_purposes() {
    let no_longer: Change = |params| {
        is_authority(params);
        set_validity(params, Valid::NoLonger);
    };
    let not_yet: Change = |params| {
        is_authority(params);
        set_validity(params, Valid::NotYet);
    };
    let for_clients: Change = |params| {
        is_authority(params);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let for_servers: Change = |params| {
        is_authority(params);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    for (change, why) in [
        (
            no_longer,
            Some("the issuer's own certificate has expired or is not valid yet"),
        ),
        (
            not_yet,
            Some("the issuer's own certificate has expired or is not valid yet"),
        ),
        (for_clients, Some(NOT_TRUSTED)),
        (for_servers, None),
    ] {
        let authority = Authority::made("an authority", &[], change);
        let signed = authority.loopback();
        // Beside one that is in order, and alone.
        let other = Authority::new("another").pem();
        for trusted in [authority.pem(), other + &authority.pem()] {
            match why {
                None => accepted(&trusted, &signed, HERE),
                Some(why) => refused(&trusted, &signed, HERE, why),
            }
        }
    }
}

#[test]
fn insecure_checks_neither_certificate_nor_signature() {
    let authority = Authority::new("an authority");
    let identity = authority.loopback();
    let own = der(&identity.certificate);
    let critical = Authority::made("itself", &[HERE], |params| {
        let mut odd = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        odd.set_criticality(true);
        params.custom_extensions.push(odd);
    });
    let (critical_der, critical_key) = (der(&critical.pem()), critical.identity().key);
    let other_key = Authority::new("another").identity().key;
    for (what, config) in [
        (
            "X.509 version 1",
            unchecked_config(version_1(&own), &identity.key),
        ),
        (
            "another key's signature",
            unchecked_config(own.clone(), &other_key),
        ),
        (
            "an unknown critical extension",
            unchecked_config(critical_der, &critical_key),
        ),
        (
            "garbage",
            unchecked_config(vec![0x30, 0].into(), &identity.key),
        ),
    ] {
        let (checked, open) = (Arc::clone(&config), config);
        let server = Raw::start(move |wire| answer(&open, wire));
        let args = ["-k", "--retry=0", "--format=jsonl", &https(&server)];
        let run = pfetch(&args).run().exits(0);
        run.check(what, run.result()["status"] == 200);
        let verdict = judge(&authority.pem(), &checked, HERE);
        assert!(verdict.is_some(), "{what} is taken without -k");
    }
}

#[test]
fn a_server_with_a_certificate_of_version_1_is_refused_in_words() {
    let authority = Authority::new("an authority");
    let identity = authority.loopback();
    let config = unchecked_config(version_1(&der(&identity.certificate)), &identity.key);
    let verdict = judge(&authority.pem(), &config, HERE).unwrap_or_default();
    assert!(verdict.contains("not of X.509 version 3"), "{verdict}");
}

#[test]
fn a_variable_of_the_environment_that_leads_to_no_certificates_is_an_error() {
    let authority = Authority::new("an authority");
    let config = server_config(&authority.loopback(), None);
    let server = Raw::start(move |wire| answer(&config, wire));
    let url = https(&server);

    let dir = Dir::new();
    let good = dir.file("good.pem", authority.pem());
    let folder = dir.path().display().to_string();
    let (empty_dir, bad_dir) = (Dir::new(), Dir::new());
    let empty_folder = empty_dir.path().display().to_string();
    let garbage = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let bad = bad_dir.file("bad.pem", garbage);
    let bad_folder = bad_dir.path().display().to_string();
    let other = Dir::new();
    let text = other.file("text", "hello");
    let empty = other.file("empty", "");
    let unusable = other.file("unusable", pem(&[0x30, 1, 0]));
    let old = other.file("old", pem(&version_1(&der(&authority.pem()))));
    let missing = other.path().join("missing").display().to_string();
    let (file_variable, folder_variable) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    for (variable, value, path, words) in [
        (file_variable, &missing, &missing, "No such file"),
        (file_variable, &text, &text, "no certificate of X.509"),
        (file_variable, &empty, &empty, "no certificate of X.509"),
        (file_variable, &bad, &bad, "not in base64"),
        (
            file_variable,
            &unusable,
            &unusable,
            "no certificate of X.509",
        ),
        (
            file_variable,
            &old,
            &old,
            "no certificate of X.509 version 3",
        ),
        (file_variable, &folder, &folder, "directory"),
        (
            file_variable,
            &String::new(),
            &String::new(),
            "names no file",
        ),
        (folder_variable, &missing, &missing, "No such file"),
        (
            folder_variable,
            &empty_folder,
            &empty_folder,
            "no certificate",
        ),
        (folder_variable, &bad_folder, &bad, "not in base64"),
        (folder_variable, &good, &good, "ot a directory"),
        (
            folder_variable,
            &format!("{empty_folder}:{missing}"),
            &empty_folder,
            "no certificate",
        ),
    ] {
        let args = ["--format=jsonl", "--retry=0", &url];
        let run = pfetch(&args).env(variable, value).run().exits(1);
        let message = verdict(&run).unwrap_or_default();
        for word in [variable, path, words, "unset it"] {
            run.check(
                &format!("{variable}={value}: {word}"),
                message.contains(word),
            );
        }
        // What is not needed is not looked at.
        pfetch(&["-k", &url]).env(variable, value).run().exits(0);
        let args = ["--cacert", &good, &url];
        pfetch(&args).env(variable, value).run().exits(0);
    }

    let args = ["--format=jsonl", "--retry=0", &url];
    // One folder of a list is enough, and one file of a folder.
    for folders in [
        format!(":{folder}:"),
        format!("{missing}:{folder}"),
        format!("{folder}:{empty_folder}:{bad_folder}"),
    ] {
        pfetch(&args).env(folder_variable, &folders).run().exits(0);
    }
    let mixed = Dir::new();
    mixed.file("a.pem", garbage);
    mixed.file("b.pem", authority.pem());
    mixed.file("c.pem", garbage);
    let mixed = mixed.path().display().to_string();
    pfetch(&args).env(folder_variable, &mixed).run().exits(0);
    // A link to a file that was read before is no empty folder, and one to nothing no error.
    let links = Dir::new();
    for (link, target) in [("one", &good), ("two", &good), ("three", &missing)] {
        symlink(target, links.path().join(link)).expect("the folder is new");
    }
    let run = pfetch(&args).env(folder_variable, &links.path().display().to_string());
    run.env(file_variable, &good).run().exits(0);
    // One of the two is enough, and an error in the other is still one.
    let run = pfetch(&args).env(file_variable, &good);
    run.env(folder_variable, "").run().exits(0);
    let run = pfetch(&args).env(file_variable, &good);
    run.env(folder_variable, &missing).run().exits(1);
}
