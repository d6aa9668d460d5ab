//! Forms as a scanner sees them: found by a browser's parser, filled, and sent.

use std::collections::BTreeMap;

use scraper::{ElementRef, Html, Selector};

use crate::care::{multipart, picture};
use crate::door::client::Answer;
use crate::ops::form as encoded;
use crate::place::house::House;

/// How a scanner fills a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Every field, every box, the first of each choice.
    Everything,
    /// What the page itself has chosen, and no box.
    Nothing,
}

/// A form, ready to be sent.
pub(super) struct Form {
    action: String,
    has_files: bool,
    hidden: Vec<(String, String)>,
    written: Vec<(String, String)>,
    boxes: Vec<String>,
    /// The first of each, and the one that the page has chosen.
    choices: BTreeMap<String, (String, Option<String>)>,
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

/// The addresses of this house on a page.
pub(super) fn links(house: &House, page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let leading = selector("a[href], link[href], img[src]");
    let all = page.select(&leading);
    let path = |one: ElementRef<'_>| {
        let url = one.attr("href").or_else(|| one.attr("src"))?;
        let own = house.own(url).or_else(|| url.starts_with('/').then_some(url))?;
        Some(own.to_owned())
    };
    all.filter_map(path).collect()
}

/// The forms of the page at `path`.
pub(super) fn of(path: &str, page: &str) -> Vec<Form> {
    Html::parse_document(page).select(&selector("form")).map(|form| read(path, form)).collect()
}

fn read(path: &str, form: ElementRef<'_>) -> Form {
    assert_eq!(form.attr("method"), Some("post"), "{path}");
    let mut read = Form {
        action: form.attr("action").filter(|action| !action.is_empty()).unwrap_or(path).to_owned(),
        has_files: form.attr("enctype") == Some("multipart/form-data"),
        hidden: Vec::new(),
        written: Vec::new(),
        boxes: Vec::new(),
        choices: BTreeMap::new(),
    };
    for field in form.select(&selector("input, textarea, select, button[name]")) {
        let Some(name) = field.attr("name").map(str::to_owned) else { continue };
        let value = field.attr("value").unwrap_or_default().to_owned();
        match (field.value().name(), field.attr("type").unwrap_or("text")) {
            ("input", "hidden") | ("button", _) => read.hidden.push((name, value)),
            ("input", "checkbox") => read.boxes.push(name),
            ("input", "radio") => {
                let chosen = field.attr("checked").map(|_| value.clone());
                let choice = read.choices.entry(name).or_insert((value, None));
                choice.1 = choice.1.take().or(chosen);
            }
            ("input", "file") => {}
            ("input", "tel") => read.written.push((name, "+48500500501".to_owned())),
            ("input", _) => read.written.push((name, "123456".to_owned())),
            ("select", _) => {
                let options: Vec<_> = field.select(&selector("option")).filter_map(|one| one.attr("value")).collect();
                let last = options.last().copied().unwrap_or_default().to_owned();
                read.written.push((name, last));
            }
            _ => read.written.push((name, "Looked at by a machine.".to_owned())),
        }
    }
    read
}

impl Form {
    /// Sends it, as a browser on the page itself would.
    pub(super) async fn send(&self, house: &House, manner: Manner) -> Answer {
        let mut fields: Vec<(&str, &str)> =
            self.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for (name, (first, chosen)) in &self.choices {
            match manner {
                Manner::Everything => fields.push((name, first)),
                Manner::Nothing => fields.extend(chosen.as_deref().map(|value| (name.as_str(), value))),
            }
        }
        if manner == Manner::Everything {
            fields.extend(self.written.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            fields.extend(self.boxes.iter().map(|name| (name.as_str(), "on")));
        }
        let ours = ("sec-fetch-site", "same-origin");
        if self.has_files {
            let photo = picture(8);
            let (head, body) = multipart(&fields, &[&photo]);
            return house.client.post(&self.action, &[("content-type", &head), ours], &body).await;
        }
        let kind = ("content-type", "application/x-www-form-urlencoded");
        house.client.post(&self.action, &[kind, ours], encoded(&fields).as_bytes()).await
    }
}

/// What a script does in a browser: fills the form at a place and presses its button.
pub(super) fn fill_and_press(place: u64) -> String {
    format!(
        "window.stays = true;
         const form = [...document.querySelectorAll('form')].filter(f => f.querySelector('button'))[{place}];
         for (const field of form.elements) {{
           if (field.type === 'radio' || field.type === 'checkbox') field.checked = true;
           else if (field.tagName === 'SELECT') field.selectedIndex = field.options.length - 1;
           else if (field.type === 'tel') field.value = '+48500500501';
           else if (field.name && field.type !== 'hidden' && field.type !== 'file') field.value = '123456';
         }}
         form.querySelector('button').click();"
    )
}
