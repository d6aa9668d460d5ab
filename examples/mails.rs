//! Writes sample messages as files to look at: `cargo run --example mails -- FOLDER [BRAND_FOLDER]`.
//!
//! For every language × stage: `<stage>.<language>.html`, `.txt` (subject first) and `.sms.txt`, of the usual sample; and of
//! every other sample in English, with the sample's name in the file's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use doorstep::domain::id::BrandId;
use doorstep::domain::person::Channel;
use doorstep::domain::stage::Stage;
use doorstep::voice::brand::{Brand, Source};
use doorstep::voice::samples::samples;
use doorstep::voice::{Rendered, Voice};

const LANGUAGES: [&str; 4] = ["en", "pl", "uk", "pt-BR"];

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).map(PathBuf::from);
    let folder = args.next().context("name the folder to write to")?;
    let id = BrandId::new("harbour");
    let source = match args.next() {
        Some(brand) => Source::read(id.clone(), &brand).map_err(|problem| anyhow::anyhow!("{problem}"))?,
        None => Source::plain(id.clone(), harbour()?),
    };
    let voice = match Voice::load(&[source]) {
        Ok(voice) => voice,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("{}", lines.join("\n"));
        }
    };
    std::fs::create_dir_all(&folder)?;
    for stage in Stage::ALL {
        for (number, sample) in samples(*stage).iter().enumerate() {
            let languages = if number < 3 { &LANGUAGES[..] } else { &LANGUAGES[..1] };
            for language in languages {
                let name = match number {
                    0 => format!("{}.{language}", stage.as_str()),
                    _ => format!("{}.{language}.{}", stage.as_str(), sample.name.replace([' ', ','], "-")),
                };
                write(&voice, &id, language, sample, &folder.join(name))?;
            }
        }
    }
    Ok(())
}

fn write(
    voice: &Voice,
    id: &BrandId,
    language: &str,
    sample: &doorstep::voice::samples::Sample,
    path: &Path,
) -> Result<()> {
    let file = |ending: &str| PathBuf::from(format!("{}.{ending}", path.display()));
    for channel in Channel::ALL {
        match voice.render(id, Some(language), channel, &sample.view)? {
            Rendered::Email { subject, html, text, .. } => {
                std::fs::write(file("html"), html)?;
                std::fs::write(file("txt"), format!("{subject}\n\n{text}"))?;
            }
            Rendered::Sms { body, segments, encoding, .. } => {
                std::fs::write(file("sms.txt"), format!("{body}\n({segments} × {encoding:?})\n"))?;
            }
        }
    }
    Ok(())
}

/// The shop of the pictures.
fn harbour() -> Result<Brand> {
    toml::from_str(include_str!("harbour.toml")).context("examples/harbour.toml")
}
