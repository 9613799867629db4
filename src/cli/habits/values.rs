//! Values that pfetch would take, and that were meant as something else: data to post, a URL where a file was
//! left out, a number in place of a proxy. What they would do instead would be done silently.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::model::target::without_userinfo;
use crate::model::text::excerpt;
use crate::report::export::Export;

/// Number of characters of a value that are shown.
const MAX_SHOWN: usize = 60;

/// Refuses a folder or a file for bodies that is a URL, or data for curl to post.
pub(crate) fn check_bodies(dir: Option<&Path>, output: Option<&Path>) -> Result<(), String> {
    if let Some(output) = output.filter(|output| is_url(output.as_os_str())) {
        return Err(format!(
            "-o takes a file first, and {} is a URL: pfetch -o FILE URL",
            shown(output.as_os_str())
        ));
    }
    if let Some((output, format)) = output.and_then(report_format).filter(|_| dir.is_none()) {
        return Err(format!(
            "-o is the file for the body here, and a report is --export {format}=FILE; a file of that name is written \
             -o ./{output}"
        ));
    }
    let Some(dir) = dir else {
        return Ok(());
    };
    if is_url(dir.as_os_str()) {
        return Err(format!(
            "-d takes a folder first, and {} is a URL: pfetch -d DIR URL",
            shown(dir.as_os_str())
        ));
    }
    let text = dir.to_string_lossy();
    let is_path = ["/", "./", "../"]
        .iter()
        .any(|start| text.starts_with(start));
    if is_path || dir.exists() {
        return Ok(());
    }
    if text.contains('=') || text.starts_with(['{', '[', '@', '<', '"']) {
        return Err(
            "-d is the folder for bodies here, and pfetch sends no data; a folder of that name is written \
             -d ./NAME"
                .to_owned(),
        );
    }
    if is_duration(&text) {
        return Err(format!(
            "-d is the folder for bodies here, and one URL is fetched for that time by: pfetch --repeat {text} --summary-only URL; a folder \
             of that name is -d ./{text}"
        ));
    }
    Ok(())
}

/// Recognises the format of a report where a file is expected, as `-o csv` has it to hey and others, unless there is a
/// file of that name. Returns it as it was typed too.
fn report_format(output: &Path) -> Option<(&str, Export)> {
    let name = output.to_str()?;
    let format = Export::by_name(name)?;
    (!output.exists()).then_some((name, format))
}

/// Refuses a URL in place of a file, which is given with its option. One that is written could be made.
pub(crate) fn check_files<'a>(
    files: impl Iterator<Item = (&'static str, &'a Path)>,
) -> Result<(), String> {
    for (option, file) in files {
        let is_list = option == "-i";
        if is_url(file.as_os_str()) || is_list && is_host(file.as_os_str()) && !file.exists() {
            let shown = shown(file.as_os_str());
            return Err(match is_list {
                true => format!(
                    "-i reads URLs from a file, and {shown} is a URL, which stands without -i; -v shows headers, and \
                     -I URL prints them alone"
                ),
                false => format!("{option} takes a file, and {shown} is a URL"),
            });
        }
    }
    Ok(())
}

/// Refuses a URL where a header or credentials were left out, and a name without a password, for which curl asks at
/// the terminal: an empty one would be sent. `names` are those of the headers.
pub(crate) fn check_headers<'a>(
    mut names: impl Iterator<Item = &'a str>,
    user: Option<&OsStr>,
) -> Result<(), String> {
    if user.is_some_and(is_url) {
        return Err("-u takes NAME:PASSWORD first, and a URL stands there".to_owned());
    }
    if user.is_some_and(|user| !user.as_encoded_bytes().contains(&b':')) {
        return Err(
            "-u NAME has no password, and none is asked for here: -u NAME: sends an empty one, --netrc and \
             --netrc-file FILE read it from a file"
                .to_owned(),
        );
    }
    match names.any(|name| name == "http" || name == "https") {
        true => Err("-H takes 'NAME: VALUE' first, and a URL stands there".to_owned()),
        false => Ok(()),
    }
}

/// Refuses a proxy that is a number alone, such as aria2c's number of connections: it would be an IPv4 address.
pub(crate) fn check_proxy(proxy: &str) -> Result<(), String> {
    let host = proxy.split_once("://").map_or(proxy, |(_, host)| host);
    let digits = host.trim_end_matches('/');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(format!(
        "a proxy is http://HOST:{digits}, and {digits} has no host; how many URLs are fetched at once is -j N"
    ))
}

/// Refuses a URL that is the name of a file which is there.
pub(crate) fn check_urls(urls: &[OsString]) -> Result<(), String> {
    let text = |url: &OsString| Some(url.to_str()?.strip_prefix('@')?.to_owned());
    if let Some(file) = urls.iter().find_map(text) {
        let file = shown(OsStr::new(&file));
        return Err(format!(
            "@{file} is no URL; a list is read with -i {file}, and - is standard input"
        ));
    }
    let is_file = |url: &&OsString| {
        let has_scheme = url.to_string_lossy().contains("://");
        !has_scheme
            && Path::new(url)
                .metadata()
                .is_ok_and(|metadata| !metadata.is_dir())
    };
    let Some(file) = urls.iter().find(is_file) else {
        return Ok(());
    };
    let file = shown(file);
    Err(format!(
        "{file} is a file here; did you mean -i {file}? If it is a host, write http://{file}"
    ))
}

/// Tests for a URL with its scheme.
fn is_url(text: &OsStr) -> bool {
    let text = text.as_encoded_bytes();
    ["http:/", "https:/"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    })
}

/// Tests for a URL without its scheme: a host with a port, one of this machine, or one of the web.
fn is_host(text: &OsStr) -> bool {
    let text = text.to_string_lossy();
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let has_port = !host.is_empty() && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    has_port || authority == "localhost" || authority.starts_with("www.")
}

/// Units of sizes and times, in lower case.
const UNITS: [&str; 15] = [
    "", "b", "k", "m", "g", "ki", "mi", "gi", "kb", "mb", "gb", "ms", "s", "h", "%",
];

/// Tests for a number, whole or decimal, with a unit or without. None is a host.
pub(super) fn is_quantity(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().filter(|byte| *byte == b'.').count() <= 1;
    is_number && UNITS.iter().any(|known| known.eq_ignore_ascii_case(unit))
}

/// Tests for parts of a body, as curl has behind its -r: `0-99`, `100-`, `-500`, and several with commas.
pub(super) fn is_byte_range(text: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split(',').all(|part| {
        let ends = part.split_once('-');
        ends.is_some_and(|(first, last)| is_number(first) && is_number(last) && part.len() > 1)
    })
}

/// Tests for a time with its unit, as wrk has behind its -d.
pub(super) fn is_duration(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && ["ms", "s", "m", "h"].contains(&unit)
}

fn shown(text: &OsStr) -> String {
    excerpt(&without_userinfo(&text.to_string_lossy()), MAX_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(text: &str) -> Result<(), String> {
        check_bodies(Some(Path::new(text)), None)
    }

    #[test]
    fn data_to_post_and_urls_are_no_folders() {
        for text in ["x=1", "a/b=c", "{\"a\":1}", "[1]", "@file", "<a/>", "\"a\""] {
            let error = dir(text).expect_err(text);
            assert!(
                error.contains("sends no data") && !error.contains(text),
                "{error}"
            );
        }
        for text in ["http://u:hush@h/", "HTTPS://h", "http:/h"] {
            let error = dir(text).expect_err(text);
            assert!(
                error.contains("takes a folder first") && !error.contains("hush"),
                "{error}"
            );
            let error = check_bodies(None, Some(Path::new(text))).expect_err(text);
            assert!(
                error.contains("takes a file first") && !error.contains("hush"),
                "{error}"
            );
        }
        for text in ["10s", "500ms", "2h"] {
            let error = dir(text).expect_err(text);
            let remedy = format!("pfetch --repeat {text} --summary-only URL;");
            assert!(error.contains(&remedy), "{error}");
            assert!(error.ends_with(&format!("-d ./{text}")), "{error}");
        }
        for text in [
            "out", "./x=1", "../{a}", "/tmp/a=b", ".", "2024", "http", "s", "10",
        ] {
            assert_eq!(dir(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_format_of_a_report_is_no_file_for_a_body() {
        let check = |dir, file| check_bodies(dir, Some(Path::new(file)));
        for file in ["csv", "json", "jsonl", "html", "junit"] {
            let error = check(None, file).expect_err(file);
            assert!(error.contains(&format!("--export {file}=FILE")), "{error}");
            assert!(error.ends_with(&format!("-o ./{file}")), "{error}");
            assert_eq!(check(Some(Path::new("out")), file), Ok(()), "{file}");
        }
        for file in ["./csv", "a.csv", "page", "out/json", "-", "/dev/null"] {
            assert_eq!(check(None, file), Ok(()), "{file}");
        }
    }

    #[test]
    fn a_host_that_is_no_file_is_no_list_of_urls() {
        let check = |option, text: &str| check_files([(option, Path::new(text))].into_iter());
        for text in [
            "localhost:8000/x",
            "127.0.0.1:80",
            "u:hush@h:1/x",
            "localhost",
            "www.example.com/a?b",
            "http://u:hush@h/",
        ] {
            match check("-i", text) {
                Err(error) => assert!(
                    error.contains("stands without -i") && !error.contains("hush"),
                    "{text}: {error}"
                ),
                // Userinfo has a colon too, and is no port.
                Ok(()) => assert_eq!(text, "u:hush@h:1/x"),
            }
        }
        for text in [
            "urls.txt",
            "a:b",
            "example.com/list",
            "C:",
            ":80",
            "Cargo.toml",
        ] {
            assert_eq!(check("-i", text), Ok(()), "{text}");
        }
        assert_eq!(check("--log", "localhost:8000"), Ok(()));
    }

    #[test]
    fn a_name_without_a_password_is_refused_and_one_with_an_empty_one_is_not() {
        let check = |user: &str| check_headers(std::iter::empty(), Some(OsStr::new(user)));
        for user in ["hush", "", "hush@host"] {
            let error = check(user).expect_err(user);
            assert!(error.contains("-u NAME: sends an empty one"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        for user in ["name:", "name:password", ":", ":password"] {
            assert_eq!(check(user), Ok(()), "{user}");
        }
    }

    #[test]
    fn a_quantity_is_a_number_with_a_unit_or_without() {
        for text in ["5", "1M", "0.5s", "10ms", "5%", "1KB", "2Gi"] {
            assert!(is_quantity(text), "{text}");
        }
        for text in ["", "k", "1.2.3.4", "5x", ".5", "1host", "4chan.org", "-1"] {
            assert!(!is_quantity(text), "{text}");
        }
    }

    #[test]
    fn a_number_is_no_proxy() {
        for text in ["4", "8080", "socks5://1080", "http://4/"] {
            assert!(check_proxy(text).is_err(), "{text}");
        }
        for text in [
            "",
            "h",
            "h:80",
            "127.0.0.1:80",
            "http://h:80/",
            "socks5://[::1]:1",
        ] {
            assert_eq!(check_proxy(text), Ok(()), "{text}");
        }
    }
}
