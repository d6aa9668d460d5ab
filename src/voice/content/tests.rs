//! Which blocks are shown, and that nothing of them is more than text.

use super::*;

const ALL: &str = r#"
    on_page = 3
    [[blocks]]
    id = "welcome"
    kind = "next"
    text.en.title = "What happens next"
    text.en.body = "We pack within a day."
    [[blocks]]
    id = "jacket-care"
    kind = "care"
    tags = ["jacket"]
    stages = ["shipped", "delivered"]
    link = "https://harbour.example/care"
    text.en = { title = "Keep it dry", body = "Wash **cold**.\n\n- no softener\n- hang to dry", button = "How to wash it" }
    text.pl = { title = "Dbaj o kurtkę", body = "Pierz w zimnej wodzie.", button = "Jak prać" }
    [[blocks]]
    id = "rain-video"
    kind = "video"
    skus = ["HG-RAIN-*"]
    text.en.title = "How to close the hood"
    [[blocks]]
    id = "again"
    kind = "recommendation"
    earlier_tags = ["boots"]
    text.en.title = "Wax for the boots you have"
    [[blocks]]
    id = "advent"
    kind = "offer"
    from = "2026-11-29"
    until = "2026-12-24"
    weight = 5
    text.en.title = "Wrapped for free until Christmas"
"#;

fn content() -> ContentToml {
    toml::from_str(ALL).expect("a brand's content")
}

fn goods(tags: &[&str], skus: &[&str]) -> Goods {
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Goods { tags: all(tags), skus: all(skus) }
}

fn moment(stage: Stage) -> Moment {
    Moment {
        stage: Some(stage),
        goods: goods(&["jacket"], &["HG-RAIN-M"]),
        today: Date::constant(2026, 11, 20),
        may_advertise: true,
        ..Moment::default()
    }
}

fn ids(moment: &Moment, language: &str, most: u8) -> Vec<String> {
    content().choose(moment, language, most).into_iter().map(|shown| shown.id).collect()
}

#[test]
fn the_closest_block_comes_first_and_the_cap_holds() {
    assert_eq!(ids(&moment(Stage::Shipped), "en", 9), ["rain-video", "jacket-care", "welcome"]);
    assert_eq!(ids(&moment(Stage::Shipped), "en", 1), ["rain-video"]);
    assert_eq!(ids(&moment(Stage::Confirmed), "en", 9), ["rain-video", "welcome"], "care waits for the parcel");
    assert_eq!(ids(&moment(Stage::Shipped), "pl", 9), ["jacket-care"], "no block in a language that it has no text in");
    let nothing = Moment { goods: Goods::default(), ..moment(Stage::Shipped) };
    assert_eq!(ids(&nothing, "en", 9), ["welcome"]);
}

#[test]
fn what_was_bought_before_and_the_day_count() {
    let before = Moment { earlier: goods(&["boots"], &[]), ..moment(Stage::Confirmed) };
    assert_eq!(ids(&before, "en", 9), ["again", "rain-video", "welcome"]);
    let advent = Moment { today: Date::constant(2026, 12, 24), ..moment(Stage::Confirmed) };
    assert_eq!(ids(&advent, "en", 9), ["rain-video", "advent", "welcome"]);
    let over = Moment { today: Date::constant(2026, 12, 25), ..advent };
    assert_eq!(ids(&over, "en", 9), ["rain-video", "welcome"]);
}

#[test]
fn nothing_stands_beside_a_problem_and_who_declined_sees_no_advertising() {
    let bad = |stage: &&Stage| stage.class() != Class::Progress || **stage == Stage::AttemptFailed;
    for stage in Stage::ALL.iter().filter(bad) {
        assert!(ids(&moment(*stage), "en", 9).is_empty(), "{}", stage.as_str());
    }
    assert!(ids(&Moment { stage: None, ..moment(Stage::Shipped) }, "en", 9).is_empty());
    let one = Recommendation {
        title: "Wool socks".into(),
        url: "https://harbour.example/socks".into(),
        image_url: None,
        reason: Some("They go with the boots.".into()),
    };
    let bad = Recommendation { url: "javascript:alert(1)".into(), ..one.clone() };
    let with = Moment { recommended: vec![bad, one], earlier: goods(&["boots"], &[]), ..moment(Stage::Shipped) };
    assert_eq!(ids(&with, "en", 3), ["recommended", "again", "rain-video"], "what the shop recommends comes first");
    let declined = Moment { may_advertise: false, ..with };
    assert_eq!(ids(&declined, "en", 3), ["rain-video", "jacket-care", "welcome"]);
}

#[test]
fn a_body_is_text_whatever_it_holds() {
    let (paragraphs, points) = plain(
        "# Wash *cold*\n\nNever <script>alert(1)</script> hot; see [here](https://evil.example).\n\n- one\n- two <b>x</b>\n\n![p](https://t.example/p.gif)",
    );
    assert_eq!(paragraphs, ["Wash cold", "Never alert(1) hot; see here.", "p"]);
    assert_eq!(points, ["one", "two x"]);
    let shown = content().choose(&moment(Stage::Shipped), "en", 9).remove(1);
    assert_eq!(
        (shown.paragraphs, shown.points),
        (vec!["Wash cold.".to_owned()], vec!["no softener".to_owned(), "hang to dry".into()])
    );
    assert_eq!(shown.button.map(|press| press.url).as_deref(), Some("https://harbour.example/care"));
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = |text: &str| {
        let content: ContentToml = toml::from_str(text).expect("it can be read");
        content.flaws(|language| language == "en").into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    assert_eq!(content().flaws(|_| true), []);
    assert_eq!(wrong("on_page = 7\nin_mail = 3"), ["on_page", "in_mail"]);
    assert_eq!(wrong("[[blocks]]\nid = \"A b\"\ntext.en.title = \"t\""), ["blocks.A b.id"]);
    let twice = "[[blocks]]\nid = \"a\"\ntext.en.title = \"t\"\n[[blocks]]\nid = \"a\"\ntext.xx.title = \"t\"";
    assert_eq!(wrong(twice), ["blocks.a.id", "blocks.a.text.xx"]);
    let block = "[[blocks]]\nid = \"a\"\nlink = \"http://x.example\"\nimage = \"https://x.example/p.png\"\nstages = [\"lost\"]\nfrom = \"2026-12-01\"\nuntil = \"2026-11-01\"\ntext.en.title = \"t\"";
    assert_eq!(
        wrong(block),
        ["blocks.a.link", "blocks.a.until", "blocks.a.stages", "blocks.a.text.en.title", "blocks.a.text.en.alt"]
    );
}
