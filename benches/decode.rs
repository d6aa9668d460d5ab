//! What it costs to read an event: structured and binary, taken and refused. The goal is 15 µs for an event of 1 KB.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use doorstep::ingest::binary::Attributes;
use doorstep::ingest::decode::{Brands, Decoder, Limits, decode_stored};

/// A shop's usual event of about 1 KB.
const EVENT: &str = r#"{"specversion":"1.0","id":"0d3c2a52-8f0e-4a41-9d0e-3f1f4a0f7c11","source":"/shops/harbour/oms","type":"shipment.shipped","subject":"ORD-0000042","time":"2026-11-03T10:11:12Z","datacontenttype":"application/json","data":{"order":{"id":"ORD-0000042","placed_at":"2026-11-02T09:00:00Z","currency":"EUR","subtotal":6470,"shipping":0,"tax":1033,"total":6470,"customer":{"id":"CUS-0000117","name":"Zoë O'Neill","email":"zoe.oneill@customer.example","phone":"+12025550123","locale":"en-GB"},"address":{"line1":"Quay Street 12","city":"Leipzig","postcode":"04109","country":"DE"},"items":[{"sku":"SKU-1003","title":"Linen apron <navy>","qty":2,"unit_price":2490},{"sku":"SKU-1007","title":"Mug \"Harbour\"","qty":1,"unit_price":1490}]},"shipment":{"id":"SHP-0000042","carrier":"DHL","tracking_number":"JD014600001234567890","tracking_url":"https://track.example/JD014600001234567890","eta":"2026-11-07","location":"Leipzig, DE"}}}"#;

fn decode(criterion: &mut Criterion) {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(EVENT.len() as u64));
    let whole = || EVENT.as_bytes().to_vec();
    group.bench_function("structured", |bench| {
        bench.iter_batched(whole, |raw| black_box(decoder.structured("bench", raw)), BatchSize::SmallInput);
    });
    let (start, end) = (EVENT.find(r#"{"order""#).expect("it is there"), EVENT.len() - 1);
    let mut attributes = Attributes::default();
    for (name, value) in [
        ("specversion", "1.0"),
        ("id", "0d3c2a52-8f0e-4a41-9d0e-3f1f4a0f7c11"),
        ("source", "/shops/harbour/oms"),
        ("type", "shipment.shipped"),
        ("time", "2026-11-03T10:11:12Z"),
    ] {
        attributes.push(name, value);
    }
    let data = || EVENT.as_bytes()[start..end].to_vec();
    group.bench_function("binary", |bench| {
        bench.iter_batched(data, |raw| black_box(decoder.binary("bench", &attributes, raw)), BatchSize::SmallInput);
    });
    let stored = EVENT.replacen('{', r#"{"brand":"harbour","#, 1);
    group.bench_function("stored", |bench| bench.iter(|| black_box(decode_stored(stored.as_bytes()))));
    let wrong = || EVENT.replace(r#""qty":1"#, r#""qty":0"#).into_bytes();
    group.bench_function("refused", |bench| {
        bench.iter_batched(wrong, |raw| black_box(decoder.structured("bench", raw)), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
