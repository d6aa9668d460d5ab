//! Squares to scan, as SVG paths: nothing is fetched for them.

use qrcode::{Color, EcLevel, QrCode};

use super::page::Square;

/// Light modules around the square, as the standard wants them.
const QUIET: usize = 4;
/// Longest text that is put into a square: beyond it the modules become too small for a phone.
const TEXT_BYTES_MAX: usize = 512;

/// The square of a text; `None` where it is too long for one.
pub fn square(text: &str) -> Option<Square> {
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, colours) = (code.width(), code.to_colors());
    let mut path = String::with_capacity(width * width);
    for (y, row) in colours.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|colour| **colour == Color::Dark).count();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET));
            }
            x += run.max(1);
        }
    }
    Some(Square { size: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_draws_each_dark_module_once() {
        let text = "https://post.harbour.example/t/abcdefghijklmnopqrstuvwxyz0123456789";
        let square = square(text).expect("a square");
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("a code");
        let dark = code.to_colors().iter().filter(|colour| **colour == Color::Dark).count();
        let runs = square.path.split('h').skip(1).filter_map(|part| part.split_once('v')).map(|(run, _)| run);
        assert_eq!(runs.map(|run| run.parse::<usize>().expect("a number")).sum::<usize>(), dark);
        assert_eq!(square.size, code.width() + 8);
        assert!(square.path.bytes().all(|b| b.is_ascii_digit() || b" Mhvz-".contains(&b)));
    }

    #[test]
    fn what_is_empty_or_too_long_has_no_square() {
        assert_eq!(square(""), None);
        assert_eq!(square(&"x".repeat(TEXT_BYTES_MAX + 1)), None);
    }
}
