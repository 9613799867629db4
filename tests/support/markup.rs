//! Reads HTML as strictly as this project writes it: every element closed, every attribute quoted.

/// An element, with the text directly in it.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// As they stand, entities and all.
    attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn has_class(&self, class: &str) -> bool {
        let classes = self.attribute("class").unwrap_or_default();
        classes.split(' ').any(|one| one == class)
    }
}

/// The elements in the order in which they begin.
///
/// # Panics
///
/// If anything is not nested, not closed or not quoted.
pub(crate) fn parse(page: &str) -> Vec<Element> {
    let mut rest = page
        .strip_prefix("<!DOCTYPE html>")
        .expect("a doctype first");
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        if let Some(inner) = open.last() {
            elements[*inner].text.push_str(&unescape(text));
        } else {
            assert_eq!(text.trim(), "", "text outside of the page");
        }
        rest = after;
        if rest.is_empty() {
            break;
        }
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let inner = open.pop().expect("something is open");
            assert_eq!(elements[inner].name, name, "closed in the wrong order");
            continue;
        }
        let is_closed = tag.ends_with('/');
        let (name, attributes) = attributes(tag.trim_end_matches('/'));
        let is_void = ["meta", "input"].contains(&name.as_str());
        let is_raw = ["script", "style"].contains(&name.as_str());
        let mut element = Element {
            name,
            attributes,
            text: String::new(),
        };
        if is_raw {
            let end = format!("</{}>", element.name);
            let (text, after) = rest.split_once(&end).expect("it is closed");
            element.text = text.to_owned();
            rest = after;
        }
        elements.push(element);
        if !(is_closed || is_void || is_raw) {
            open.push(elements.len() - 1);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    elements
}

fn attributes(tag: &str) -> (String, Vec<(String, String)>) {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-:".contains(c))
    };
    assert!(is_name(name), "{tag:?} is no tag");
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        assert!(is_name(key), "{key:?} in {tag:?}");
        let Some(value) = after.strip_prefix('=') else {
            attributes.push((key.to_owned(), String::new()));
            rest = after;
            continue;
        };
        let value = value.strip_prefix('"').expect("attributes are quoted");
        let (value, after) = value.split_once('"').expect("quotes are closed");
        attributes.push((key.to_owned(), unescape(value)));
        rest = after;
    }
    (name.to_owned(), attributes)
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, after) = after.split_once(';').expect("an entity ends");
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            _ => panic!("&{entity}; is not written here"),
        });
        rest = after;
    }
    plain + rest
}
