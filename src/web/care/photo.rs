//! Pictures that strangers send, made harmless: read by what they are and not by what they say they are, within bounds, turned
//! upright, and written anew, so that nothing is left but the picture: no place, no time, no camera.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, imageops};

use crate::store::listen::cases::Photo;

/// Bytes of a picture as it comes: what phones make has 3 to 9 MB.
pub const PHOTO_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Pictures in one message.
pub const PHOTOS_MAX: usize = 3;
/// Longest side that is read, in pixels …
const SIDE_MAX: u32 = 12_000;
/// … and pixels in all: a few kilobytes can claim to be a wall. Phones make up to 50 million in one shot.
const PIXELS_MAX: u64 = 64_000_000;
/// Bytes that a decoder may ask for: four for each of those pixels.
const DECODER_BYTES_MAX: u64 = 4 * PIXELS_MAX;
/// Longest side that is kept: enough to see a scratch.
const KEPT_SIDE: u32 = 2_000;
/// JPEG's scale of quality; above this files grow faster than eyes notice.
const QUALITY: u8 = 82;

/// Why a picture is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPhoto {
    #[error("not a jpeg, png or webp that can be read")]
    Unreadable,
    #[error("too many bytes or pixels")]
    TooLarge,
}

/// Makes a picture harmless. Takes a good part of a second: not on a thread that serves.
///
/// # Errors
/// [`BadPhoto`].
pub fn clean(bytes: &[u8]) -> Result<Photo, BadPhoto> {
    if bytes.len() > PHOTO_BYTES_MAX {
        return Err(BadPhoto::TooLarge);
    }
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => format,
        Ok(_) | Err(_) => return Err(BadPhoto::Unreadable),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| bad(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(BadPhoto::TooLarge);
    }
    // Where the camera says nothing about it, it was held upright.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| bad(&error))?;
    if width.max(height) > KEPT_SIDE {
        picture = picture.resize(KEPT_SIDE, KEPT_SIDE, imageops::FilterType::Triangle);
    }
    picture.apply_orientation(orientation);
    let mut kept = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut kept, QUALITY);
    picture.to_rgb8().write_with_encoder(encoder).map_err(|_| BadPhoto::Unreadable)?;
    Ok(Photo { media: "image/jpeg".to_owned(), bytes: kept })
}

fn bad(error: &image::ImageError) -> BadPhoto {
    match error {
        image::ImageError::Limits(_) => BadPhoto::TooLarge,
        _ => BadPhoto::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 128]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, format).expect("a picture");
        bytes.into_inner()
    }

    /// A JPEG with an EXIF block that says: turned by 90°, taken at a place.
    fn with_place() -> Vec<u8> {
        let plain = picture(40, 20, ImageFormat::Jpeg);
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
        // Two entries: orientation 6, and a maker that is a secret.
        exif.extend([0, 2]);
        exif.extend([0x01, 0x0f, 0, 2, 0, 0, 0, 16, 0, 0, 0, 38]);
        exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
        exif.extend([0, 0, 0, 0]);
        exif.extend(b"Secret Street 7\0");
        let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
        let mut bytes = plain[..2].to_vec();
        bytes.extend([0xff, 0xe1]);
        bytes.extend(length);
        bytes.extend(exif);
        bytes.extend(&plain[2..]);
        bytes
    }

    fn size(photo: &Photo) -> (u32, u32) {
        let read = image::load_from_memory_with_format(&photo.bytes, ImageFormat::Jpeg).expect("what we wrote");
        (read.width(), read.height())
    }

    #[test]
    fn nothing_but_the_picture_is_left_and_it_stands_upright() {
        let bytes = with_place();
        assert!(bytes.windows(13).any(|part| part == b"Secret Street"));
        let photo = clean(&bytes).expect("a picture");
        assert!(!photo.bytes.windows(6).any(|part| part == b"Secret"), "the place is gone");
        assert!(!photo.bytes.windows(4).any(|part| part == b"Exif"));
        assert_eq!(size(&photo), (20, 40), "turned as the camera was held");
        assert_eq!(photo.media, "image/jpeg");
    }

    #[test]
    fn three_formats_are_read_and_large_ones_shrink() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            assert_eq!(size(&clean(&picture(64, 48, format)).expect("a picture")), (64, 48), "{format:?}");
        }
        assert_eq!(size(&clean(&picture(4_000, 1_000, ImageFormat::Jpeg)).expect("a picture")), (2_000, 500));
    }

    #[test]
    fn what_is_no_picture_is_refused_whatever_it_says() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let mut cut = picture(200, 200, ImageFormat::Png);
        cut.truncate(100);
        for bytes in [&b""[..], b"hello", svg, gif, b"\xff\xd8\xff\xe0 not really", &cut] {
            assert_eq!(clean(bytes), Err(BadPhoto::Unreadable), "{:?}", &bytes[..bytes.len().min(8)]);
        }
    }

    /// A PNG of a few bytes that claims 50,000 by 50,000 pixels, one of few sides but many pixels, and one of too many bytes.
    #[test]
    fn bombs_do_not_go_off() {
        let claims = |width: u32, height: u32| {
            let mut bytes = picture(8, 8, ImageFormat::Png);
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            // The checksum of the changed header.
            let sum = crc(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&sum.to_be_bytes());
            bytes
        };
        assert_eq!(clean(&claims(50_000, 50_000)), Err(BadPhoto::TooLarge));
        assert_eq!(clean(&claims(11_000, 11_000)), Err(BadPhoto::TooLarge));
        assert_eq!(clean(&vec![0xff; PHOTO_BYTES_MAX + 1]), Err(BadPhoto::TooLarge));
    }

    /// PNG's checksum, bit by bit.
    fn crc(bytes: &[u8]) -> u32 {
        let fold =
            |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)));
        !bytes.iter().fold(u32::MAX, fold)
    }
}
