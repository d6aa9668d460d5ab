//! The shop's voice: every stage × language as a snapshot, and the promises that no brand's texts may break.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

use doorstep::channel::Encoding;
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, Pii, Role};
use doorstep::domain::stage::Stage;
use doorstep::voice::brand::{Brand, Source};
use doorstep::voice::samples::{Sample, samples};
use doorstep::voice::view::{Expected, News, View};
use doorstep::voice::{Problem, Rendered, Voice};

const LANGUAGES: [&str; 4] = ["en", "pl", "uk", "pt-BR"];

static VOICE: LazyLock<Voice> = LazyLock::new(|| load(source()).unwrap_or_else(|problems| panic!("{problems:#?}")));

fn id() -> BrandId {
    BrandId::new("harbour")
}

fn source() -> Source {
    let brand = toml::from_str(include_str!("../../examples/harbour.toml")).expect("the sample brand is right");
    Source::plain(id(), brand)
}

fn load(source: Source) -> Result<Voice, Vec<Problem>> {
    Voice::load(&[source])
}

fn mail(voice: &Voice, language: &str, view: &View) -> (String, String, String) {
    match voice.render(&id(), Some(language), Channel::Email, view).expect("the sample renders") {
        Rendered::Email { subject, html, text, .. } => (subject, html, text),
        Rendered::Sms { .. } => panic!("a mail was asked for"),
    }
}

fn sms(voice: &Voice, language: &str, view: &View) -> (String, u8, Encoding) {
    match voice.render(&id(), Some(language), Channel::Sms, view).expect("the sample renders") {
        Rendered::Sms { body, segments, encoding, .. } => (body, segments, encoding),
        Rendered::Email { .. } => panic!("a text message was asked for"),
    }
}

fn sample(stage: Stage, name: &str) -> View {
    let found = samples(stage).into_iter().find(|sample| sample.name == name);
    found.unwrap_or_else(|| panic!("no sample `{name}` of {}", stage.as_str())).view
}

#[test]
fn every_stage_in_every_language_reads_as_it_did() {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for stage in Stage::ALL {
            let mut all = String::new();
            for language in LANGUAGES {
                for name in ["usual", "parcel 2 of 3"] {
                    let view = sample(*stage, name);
                    let (subject, _, text) = mail(&VOICE, language, &view);
                    let (body, segments, encoding) = sms(&VOICE, language, &view);
                    writeln!(all, "=== {language}, {name}\n{subject}\n---\n{text}---\n{body}\n{segments} × {encoding:?}\n")
                        .expect("a string takes what is written");
                }
            }
            insta::assert_snapshot!(stage.as_str(), all);
        }
        // The HTML of two mails, a line for each tag, so that a change of the layout can be read.
        for (stage, language) in [(Stage::Confirmed, "en"), (Stage::DelayExpected, "pl")] {
            let (_, html, _) = mail(&VOICE, language, &sample(stage, "usual"));
            insta::assert_snapshot!(format!("{}.html", stage.as_str()), html.replace("><", ">\n<"));
        }
    });
}

#[test]
fn the_shipped_voice_passes_its_check() {
    assert_eq!(VOICE.check(), []);
    let empty = load(Source::plain(id(), Brand::default())).expect("an empty brand works");
    assert_eq!(empty.check(), []);
}

#[test]
fn a_usual_mail_has_the_size_of_a_usual_mail() {
    for stage in Stage::ALL {
        let (_, html, _) = mail(&VOICE, "en", &sample(*stage, "usual"));
        assert!((20_000..60_000).contains(&html.len()), "{}: {} bytes", stage.as_str(), html.len());
    }
}

#[test]
fn a_return_names_its_deadline_and_its_page_only_where_they_are_true() {
    let text = |name: &str| mail(&VOICE, "en", &sample(Stage::ReturnRequested, name)).2;
    let usual = text("usual");
    assert!(usual.contains("We decide by Thursday 26 November, 10:12 at the latest. You find our decision"), "{usual}");
    assert!(usual.contains("https://post.harbour.example/t/HG-1042/return\n"), "{usual}");
    for name in ["no time to decide", "time to decide over"] {
        let text = text(name);
        assert!(!text.contains("We decide by") && !text.contains("November"), "{name}: {text}");
        assert!(text.contains("You find our decision on the page of your order."), "{name}: {text}");
    }
    let portal = text("in the shop's own portal");
    assert!(!portal.contains("You find our decision") && !portal.contains("/t/HG-1042/return"), "{portal}");
    assert!(portal.contains("https://harbour.example/orders/HG-1042"), "{portal}");
    for (wish, words) in
        [("refund", "get your money back"), ("exchange", "exchange it"), ("repair", "have it repaired")]
    {
        assert!(text(wish).contains(words), "{wish}");
    }
    assert!(!text("gift").contains('€') && !text("usual").contains('€'), "no prices");
}

#[test]
fn plurals_follow_each_languages_rules() {
    let all_shipped = |count: u32| {
        let mut view = sample(Stage::Shipped, "usual");
        let parcel = view.parcels.remove(0);
        view.parcels = (1..=count)
            .map(|number| doorstep::voice::view::Parcel { number, of: count, expected: None, ..parcel.clone() })
            .collect();
        view.order.expected = None;
        view.news = (1..count as usize).map(|index| News { stage: Stage::Shipped, parcel: Some(index) }).collect();
        view
    };
    let cases = [
        ("en", 3, "All 3 parcels are on their way"),
        ("pl", 2, "Wszystkie 2 paczki są w drodze"),
        ("pl", 5, "Wszystkie 5 paczek jest w drodze"),
        ("pl", 12, "Wszystkie 12 paczek jest w drodze"),
        ("pl", 22, "Wszystkie 22 paczki są w drodze"),
        ("uk", 3, "Усі 3 посилки в дорозі"),
        ("uk", 5, "Усі 5 посилок в дорозі"),
        ("uk", 12, "Усі 12 посилок в дорозі"),
        ("pt-BR", 3, "Todos os 3 pacotes estão a caminho"),
    ];
    for (language, count, subject) in cases {
        assert_eq!(mail(&VOICE, language, &all_shipped(count)).0, subject);
    }
    let with_items = |count: usize| {
        let mut view = sample(Stage::Confirmed, "usual");
        let item = doorstep::voice::view::Item { qty: 1, ..view.order.items[0].clone() };
        view.order.items = vec![item; 12 + count];
        view
    };
    let cases = [
        ("en", 1, "and 1 more item\n"),
        ("en", 2, "and 2 more items\n"),
        ("pl", 1, "i jeszcze 1 sztuka\n"),
        ("pl", 3, "i jeszcze 3 sztuki\n"),
        ("pl", 5, "i jeszcze 5 sztuk\n"),
        ("uk", 1, "і ще 1 річ\n"),
        ("uk", 4, "і ще 4 речі\n"),
        ("uk", 21, "і ще 21 річ\n"),
        ("uk", 11, "і ще 11 речей\n"),
        ("pt-BR", 2, "e mais 2 itens\n"),
    ];
    for (language, count, line) in cases {
        let text = mail(&VOICE, language, &with_items(count)).2;
        assert!(text.contains(line), "{language} {count}: {text}");
    }
}

#[test]
fn a_locale_is_answered_in_the_nearest_language() {
    let view = sample(Stage::Shipped, "usual");
    let subject = |wanted: Option<&str>| match VOICE.render(&id(), wanted, Channel::Email, &view) {
        Ok(Rendered::Email { subject, locale, .. }) => (locale, subject),
        other => panic!("{other:?}"),
    };
    for (wanted, locale) in [
        (Some("pt-PT"), "pt-BR"),
        (Some("pt"), "pt-BR"),
        (Some("PL-pl"), "pl"),
        (Some("uk_UA"), "uk"),
        (Some("en-US"), "en"),
        (Some("xx"), "en"),
        (Some(""), "en"),
        (None, "en"),
    ] {
        assert_eq!(subject(wanted).0, locale, "{wanted:?}");
    }
    assert!(subject(Some("en-US")).1.ends_with("on Thursday, November 26"), "{}", subject(Some("en-US")).1);
    assert!(subject(Some("en")).1.ends_with("on Thursday 26 November"), "{}", subject(Some("en")).1);
    let unknown = VOICE.render(&BrandId::new("other"), None, Channel::Email, &view);
    assert!(unknown.is_err());
}

#[test]
fn a_recipient_sees_no_prices() {
    for stage in Stage::ALL {
        let mut view = sample(*stage, "usual");
        view.person.role = Role::Recipient;
        for language in LANGUAGES {
            let (subject, html, text) = mail(&VOICE, language, &view);
            for part in [&subject, &html, &text] {
                assert!(!part.contains('€') && !part.contains("priceCurrency") && !part.contains("150.45"), "{part}");
            }
        }
    }
}

#[test]
fn nothing_typed_by_others_leaves_its_place() {
    for stage in Stage::ALL {
        let harmless: BTreeSet<String> = samples(*stage)
            .iter()
            .filter(|sample| sample.name != "hostile texts")
            .flat_map(|sample| shapes(&mail(&VOICE, "en", &sample.view).1))
            .collect();
        let hostile = sample(*stage, "hostile texts");
        let (subject, html, text) = mail(&VOICE, "en", &hostile);
        let strange: Vec<String> = shapes(&html).into_iter().filter(|shape| !harmless.contains(shape)).collect();
        assert_eq!(strange, Vec::<String>::new(), "{}", stage.as_str());
        for part in [&subject, &html, &text] {
            assert!(!part.contains("https://evil.example") && !part.contains("www.evil.example"), "{part}");
            assert!(!part.contains("javascript:") && !part.contains("data:text"), "{part}");
            assert!(!part.contains(['\u{202e}', '\u{2028}', '\r', '\0']), "{part}");
        }
        assert!(!subject.contains('\n'), "{subject}");
        assert!(!text.contains("Hello"), "a name with an address in it is not greeted: {text}");
        let json =
            html.split("ld+json\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("structured data");
        serde_json::from_str::<serde_json::Value>(json).expect("structured data is JSON");
        let (body, ..) = sms(&VOICE, "en", &hostile);
        assert!(!body.contains("https://evil") && !body.contains("evil.example") && !body.contains('\n'), "{body}");
    }
}

/// Every element with the names of its attributes: `a href style`. Text, quoted values and comments are skipped as a
/// browser would.
fn shapes(html: &str) -> BTreeSet<String> {
    let mut shapes = BTreeSet::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut shape = String::new();
        let mut quote = None;
        for (at, c) in rest.char_indices() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '>') => {
                    rest = &rest[at..];
                    break;
                }
                (None, c) => shape.push(c),
            }
        }
        let raw = ["style", "script"].into_iter().find(|raw| shape.starts_with(raw));
        if let Some(raw) = raw {
            rest = rest.find(&format!("</{raw}")).map_or("", |end| &rest[end..]);
        }
        shapes.insert(shape.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    shapes
}

fn with_piece(path: &str, text: &str) -> Source {
    Source { pieces: BTreeMap::from([(path.to_owned(), text.to_owned())]), ..source() }
}

fn refused(source: Source) -> String {
    match load(source) {
        Ok(_) => panic!("it was not refused"),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn a_brand_replaces_single_pieces() {
    let words = "shipped =\n    .subject = Ahoy, { $order } sails\n    .title = Ahoy\n    .lead = It sails.\n    .next = Soon.\n    .button = Follow\n    .sms = it sails\n    .also = It sails.\n";
    let voice = load(with_piece("words/en.ftl", words)).expect("words may be replaced one by one");
    assert_eq!(mail(&voice, "en", &sample(Stage::Shipped, "usual")).0, "Ahoy, HG-1042 sails");
    assert_eq!(
        mail(&voice, "pl", &sample(Stage::Shipped, "usual")).0,
        mail(&VOICE, "pl", &sample(Stage::Shipped, "usual")).0
    );

    let footer = "<mj-section><mj-column><mj-text>Fair winds, [[brand.name]]</mj-text></mj-column></mj-section>";
    let voice = load(with_piece("part/footer.mjml", footer)).expect("parts may be replaced one by one");
    assert!(mail(&voice, "en", &sample(Stage::Shipped, "usual")).1.contains("Fair winds, Harbour Goods"));

    let own = "{{title}} in our own words\n";
    let voice = load(with_piece("email/lost.txt", own)).expect("a stage may have its own template");
    assert_eq!(mail(&voice, "en", &sample(Stage::Lost, "usual")).2, "Your parcel is lost in our own words\n");
    assert_ne!(mail(&voice, "en", &sample(Stage::Delivered, "usual")).2, "Delivered in our own words\n");
}

#[test]
fn a_fifth_language_is_one_words_file() {
    let english =
        include_str!("../../templates/words/en.ftl").replace("Your parcel is on its way", "Ihr Paket ist unterwegs");
    let voice = load(with_piece("words/de.ftl", &english)).expect("a complete words file is a language");
    let (subject, html, _) = mail(&voice, "de-AT", &sample(Stage::Shipped, "items not known"));
    assert!(subject.starts_with("Ihr Paket ist unterwegs, arriving on Donnerstag, 26. November"), "{subject}");
    assert!(html.contains("lang=\"de\""));
    let missing = refused(with_piece("words/de.ftl", "greeting = Hallo, { $name },\n"));
    assert!(missing.contains("`shipped.subject` is missing") && missing.contains("words/de.ftl"), "{missing}");
}

#[test]
fn what_could_do_harm_is_refused_at_load() {
    let section = |inside: &str| format!("<mj-section><mj-column><mj-text>{inside}</mj-text></mj-column></mj-section>");
    let cases = [
        ("part/help.mjml", section("{{{lead}}}"), "raw output"),
        ("part/help.mjml", section("<a href=\"{{order_link}}\">x</a>"), "wholly {{url …}}"),
        ("part/help.mjml", section("<p style=\"color:{{lead}}\">x</p>"), "<p style>"),
        ("part/help.mjml", "[[> footer]] [[> help]]".to_owned(), "in a circle"),
        ("part/help.mjml", section("[[t \"no-such-word\"]]"), "no-such-word"),
        ("part/help.mjml", section("{{> lead}}"), "[[> name]]"),
        ("part/help.mjml", section("[[brand.nothing]]"), "email/default.mjml"),
        ("part/help.mjml", "<mj-section>".to_owned(), "MJML"),
        ("part/help.txt", "{{{lead}}}".to_owned(), "raw output"),
        ("email/nonsense.mjml", String::new(), "not a piece"),
        ("words/en.ftl", "shipped = { $\n".to_owned(), "line 1"),
    ];
    for (path, text, said) in cases {
        let problems = refused(with_piece(path, &text));
        assert!(problems.contains(said), "{path}: {problems}");
    }
}

#[test]
fn what_a_page_does_not_have_is_found_by_the_check() {
    let voice = load(with_piece("email/lost.txt", "{{no_such_thing}}\n")).expect("it compiles");
    let problems = voice.check();
    assert!(!problems.is_empty() && problems.iter().all(|problem| problem.stage == Some(Stage::Lost)), "{problems:?}");
    let voice = load(with_piece("words/en.ftl", "on-day = on { $nothing }\n")).expect("it parses");
    assert!(voice.check().iter().any(|problem| problem.what.contains("on-day")));
    let words = format!("footer-why = {}\n", "long ".repeat(20_000));
    let voice = load(with_piece("words/en.ftl", &words)).expect("it parses");
    assert!(voice.check().iter().any(|problem| problem.what.contains("100 kB")));
}

#[test]
fn a_brands_mistakes_are_named_by_their_keys() {
    for (text, said) in [
        ("colors = 1", "colors"),
        ("logo_width = \"wide\"", "logo_width"),
        ("policy.merge_window = 5", "merge_window"),
        ("[colours]\naccent = 7", "accent"),
    ] {
        let error = toml::from_str::<Brand>(text).expect_err("a mistake").to_string();
        assert!(error.contains(said), "{error}");
    }
    for (text, key) in [
        ("colours.accent = \"red;}\"", "colours.accent"),
        ("colours.dark.card = \"#12345\"", "colours.dark.card"),
        ("links.shop = \"javascript:alert(1)\"", "links.shop"),
        ("logo_url = \"http://plain.example/logo.png\"", "logo_url"),
        ("links.order = \"https://shop.example/orders\"", "links.order"),
        ("reply_to = \"nobody\"", "reply_to"),
        ("fonts.body = \"x; } </style>\"", "fonts.body"),
        ("time_zone = \"Mars/Base\"", "time_zone"),
        ("policy.age_limit = \"soon\"", "policy.age_limit"),
        ("languages = [\"tlh\"]", "languages"),
        ("name = \"https://x.example\"", "name"),
    ] {
        let brand: Brand = toml::from_str(text).expect("the shape is right");
        let problems = load(Source::plain(id(), brand)).err().expect("the value is wrong");
        assert!(problems.iter().any(|problem| problem.place == key), "{text}: {problems:?}");
    }
}

#[test]
fn a_brands_folder_is_read_piece_by_piece() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let brand = folder.path().join("harbour");
    std::fs::create_dir_all(brand.join("words")).expect("a folder");
    std::fs::write(brand.join("brand.toml"), "name = \"Harbour\"\n").expect("a file");
    std::fs::write(brand.join("words/en.ftl"), "help-label = Ask us\n").expect("a file");
    let sources = Source::read_all(folder.path()).expect("the folder is right");
    assert_eq!(sources.len(), 1);
    assert_eq!((sources[0].id.as_str(), sources[0].brand.name.as_str()), ("harbour", "Harbour"));
    assert_eq!(sources[0].pieces.keys().collect::<Vec<_>>(), ["words/en.ftl"]);
    std::fs::create_dir(folder.path().join("Not A Name")).expect("a folder");
    std::fs::write(brand.join("brand.toml"), "nome = 1\n").expect("a file");
    let flaws = Source::read_all(folder.path()).expect_err("two mistakes");
    assert_eq!(flaws.len(), 2, "{flaws:?}");
    assert!(flaws.iter().any(|flaw| flaw.what.contains("nome")), "{flaws:?}");
}

#[test]
fn days_are_judged_by_the_destinations_clock() {
    let mut view = sample(Stage::Shipped, "usual");
    view.parcels[0].expected = Some(Expected::Day(jiff::civil::date(2026, 11, 25)));
    let subject = |view: &View| mail(&VOICE, "en", view).0;
    // 23:30 in Dublin on the 24th is 00:30 on the 25th in Warsaw.
    view.now = "2026-11-24T23:30:00Z".parse().expect("a time");
    assert!(subject(&view).ends_with("arriving tomorrow, Wednesday 25 November"), "{}", subject(&view));
    view.zone = jiff::tz::TimeZone::get("Europe/Warsaw").expect("a zone");
    assert!(subject(&view).ends_with("arriving today"), "{}", subject(&view));
    // What is over is not expected any more.
    view.now = "2026-11-26T12:00:00Z".parse().expect("a time");
    assert_eq!(subject(&view), "Your parcel is on its way");
}

#[test]
fn names_that_are_none_are_not_greeted() {
    let mut view = sample(Stage::Shipped, "usual");
    for (name, greeted) in [("Ada", true), ("visit evil.example", false), ("", false), ("x".repeat(65).as_str(), false)]
    {
        view.person.name = Some(Pii::new(name.to_owned()));
        assert_eq!(mail(&VOICE, "en", &view).2.contains("Hello"), greeted, "{name}");
    }
}

#[test]
fn samples_have_names_of_their_own() {
    for stage in Stage::ALL {
        let all: Vec<Sample> = samples(*stage);
        let names: BTreeSet<&str> = all.iter().map(|sample| sample.name).collect();
        assert_eq!(names.len(), all.len(), "{}", stage.as_str());
        assert!(all.iter().all(|sample| sample.view.stage == *stage));
    }
}
