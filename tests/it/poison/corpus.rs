//! Poison of every sort, made from a number.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

/// Bytes that gzip would make: a door that unpacks nothing cannot be blown up.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x01\x0d\x00\x00\x00\xc2\xa0\xf7\x4f\x6d\x0e\x37\xa0\x00";

fn event(number: usize, total: &str, person: &[String; 4]) -> String {
    let [name, email, phone, street] = person;
    let customer = json!({"name": name, "email": email, "phone": phone});
    let address = json!({"line1": street, "country": "PL"});
    format!(
        r#"{{"specversion":"1.0","id":"p-{number}","source":"/shops/poison","brand":"shop","type":"order.paid","time":"2026-03-02T09:00:00Z","data":{{"order":{{"id":"p{number}","total":{total},"customer":{customer},"address":{address}}}}}}}"#
    )
}

/// What it is, and the bytes.
pub(super) fn poison(number: usize, person: &[String; 4]) -> (&'static str, Vec<u8>) {
    let mut rng = StdRng::seed_from_u64(number as u64);
    let whole = event(number, "4500", person);
    let with = |from: &str, to: &str| whole.replacen(from, to, 1).into_bytes();
    let many = |least: usize, most: usize, rng: &mut StdRng| rng.random_range(least..most);
    match number % 20 {
        0 => {
            let depth = many(130, 20_000, &mut rng);
            ("depth", with("\"total\":4500", &format!("\"x\":{}{}", "[".repeat(depth), "]".repeat(depth))))
        }
        1 => {
            // Now and then as much as a batch may have, and more.
            let size = if number % 400 == 1 { 16 << 20 } else { many(263_000, 900_000, &mut rng) };
            ("size", with("Zanzibar", &"Z".repeat(size)))
        }
        2 => ("a member twice", with("\"total\":4500", &format!("\"total\":4500,\"total\":{number}"))),
        3 => ("1e400", event(number, &format!("{number}e400"), person).into_bytes()),
        4 => (
            "more than i64",
            event(number, &format!("9223372036854775{:03}9", 800 + number % 100), person).into_bytes(),
        ),
        5 => ("NUL escaped", with("Quillon", "Quil\\u0000lon")),
        6 => ("NUL", with("Quillon", "Quil\0lon")),
        7 => ("half a pair", with("Quillon", if number % 40 == 7 { "Quil\\ud800lon" } else { "\\udc00Quillon" })),
        8 => ("a mark of byte order", [b"\xef\xbb\xbf", whole.as_bytes()].concat()),
        9 => ("no UTF-8", {
            let mut bytes = whole.into_bytes();
            let at = bytes.windows(7).position(|seven| seven == b"Quillon").expect("the name");
            bytes[at] = 0xff;
            bytes
        }),
        10 => ("a list as customer", with("\"customer\":{", "\"customer\":[],\"x\":{")),
        11 => ("text as amount", event(number, "\"4500\"", person).into_bytes()),
        12 => ("gzip", [GZIP, &rng.random::<[u8; 64]>()].concat()),
        13 => ("a huge list", {
            let items = vec!["{\"id\":\"1\",\"title\":\"x\",\"qty\":1}"; many(1_100, 5_000, &mut rng)].join(",");
            with("\"total\":4500", &format!("\"items\":[{items}]"))
        }),
        14 => ("an unknown version", with("\"specversion\":\"1.0\"", "\"specversion\":\"2.7\"")),
        // The key of the first healthy event, with other words.
        15 => (
            "an id that was used",
            with(
                &format!("\"id\":\"p-{number}\",\"source\":\"/shops/poison\""),
                "\"id\":\"order.paid-0\",\"source\":\"/shops/harbour\"",
            ),
        ),
        16 => ("a time without an offset", with("2026-03-02T09:00:00Z", "2026-03-02T09:00:00")),
        17 => ("broken off", whole.as_bytes()[..whole.len() - many(1, 200, &mut rng)].to_vec()),
        18 => ("no source", with("\"source\":\"/shops/poison\",", "")),
        _ => ("not JSON", format!("order={number}&email={}", person[1]).into_bytes()),
    }
}
