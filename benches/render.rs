//! What one message costs: the usual sample of some stages, in English and Polish, mail and text message.
//!
//! `cargo bench --bench render`. The goal is 80 µs for a mail of 30 kB, the share of the budget that the load test leaves.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use doorstep::domain::id::BrandId;
use doorstep::domain::person::Channel;
use doorstep::domain::stage::Stage;
use doorstep::voice::brand::{Brand, Source};
use doorstep::voice::samples::samples;
use doorstep::voice::{Rendered, Voice};

fn render(criterion: &mut Criterion) {
    let id = BrandId::new("harbour");
    let brand: Brand = toml::from_str(include_str!("../examples/harbour.toml")).expect("the sample brand is right");
    let source = [Source::plain(id.clone(), brand)];
    criterion.bench_function("load one brand, four languages", |bencher| {
        bencher.iter(|| Voice::load(black_box(&source)).expect("the shipped voice loads"));
    });
    let voice = Voice::load(&source).expect("the shipped voice loads");
    for (stage, language) in [
        (Stage::Confirmed, "en"),
        (Stage::Shipped, "en"),
        (Stage::Shipped, "pl"),
        (Stage::DelayExpected, "uk"),
        (Stage::Delivered, "pt-BR"),
    ] {
        let sample = samples(stage).swap_remove(0);
        let say =
            |channel| voice.render(&id, Some(language), channel, black_box(&sample.view)).expect("the sample renders");
        let bytes = match say(Channel::Email) {
            Rendered::Email { html, .. } => html.len(),
            Rendered::Sms { .. } => unreachable!("a mail was asked for"),
        };
        criterion.bench_function(&format!("mail {} {language} ({bytes} B)", stage.as_str()), |bencher| {
            bencher.iter(|| say(Channel::Email));
        });
        criterion.bench_function(&format!("sms {} {language}", stage.as_str()), |bencher| {
            bencher.iter(|| say(Channel::Sms));
        });
    }
}

criterion_group!(benches, render);
criterion_main!(benches);
