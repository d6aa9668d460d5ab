//! How a brand looks: colours and fonts.

use serde::{Deserialize, Serialize};

/// Colours as `#rrggbb`, for light and dark ground.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Colours {
    /// Buttons, progress, links.
    pub accent: String,
    /// On the accent.
    pub on_accent: String,
    /// Behind the card.
    pub ground: String,
    /// The card.
    pub card: String,
    pub text: String,
    /// Less important text.
    pub muted: String,
    /// Hairlines and empty progress.
    pub line: String,
    /// Soft ground of the day's box.
    pub tint: String,
    /// For problems: the box's edge.
    pub warn: String,
    /// For problems: the box's ground.
    pub warn_tint: String,
    pub dark: DarkColours,
}

/// The same for dark mode.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DarkColours {
    pub accent: String,
    pub on_accent: String,
    pub ground: String,
    pub card: String,
    pub text: String,
    pub muted: String,
    pub line: String,
    pub tint: String,
    pub warn: String,
    pub warn_tint: String,
}

/// Font families, as CSS lists them. Mail programs load no fonts reliably: name ones that are installed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fonts {
    pub body: String,
    pub heading: String,
}

impl Default for Colours {
    fn default() -> Self {
        let colour = str::to_owned;
        Self {
            accent: colour("#1a5fb4"),
            on_accent: colour("#ffffff"),
            ground: colour("#f3f1ec"),
            card: colour("#ffffff"),
            text: colour("#1c1b19"),
            muted: colour("#66625a"),
            line: colour("#e4e0d8"),
            tint: colour("#eef4fb"),
            warn: colour("#b3570c"),
            warn_tint: colour("#fdf3e7"),
            dark: DarkColours::default(),
        }
    }
}

impl Default for DarkColours {
    fn default() -> Self {
        let colour = str::to_owned;
        Self {
            accent: colour("#8ab8f2"),
            on_accent: colour("#0d1b2a"),
            ground: colour("#121211"),
            card: colour("#1d1d1b"),
            text: colour("#f2f0eb"),
            muted: colour("#aaa69d"),
            line: colour("#3a3935"),
            tint: colour("#1f2a38"),
            warn: colour("#f0a35e"),
            warn_tint: colour("#33261a"),
        }
    }
}

impl Default for Fonts {
    fn default() -> Self {
        let body = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
        Self { body: body.to_owned(), heading: body.to_owned() }
    }
}
