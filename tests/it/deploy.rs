//! What lies in `deploy/` says the same as the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use doorstep::domain::event::Kind;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use serde_json::Value;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

fn yaml(name: &str) -> Value {
    serde_yaml_ng::from_str(&text(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

/// Calls `look` on every value in `tree`, the tree itself included.
fn walk<'a>(tree: &'a Value, look: &mut dyn FnMut(&'a Value)) {
    look(tree);
    match tree {
        Value::Array(all) => all.iter().for_each(|one| walk(one, look)),
        Value::Object(all) => all.values().for_each(|one| walk(one, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn published_schemas_are_those_of_the_types() {
    for (name, schema) in doorstep::schema::all() {
        let file = format!("schemas/{name}.json");
        let mut now = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        now.push('\n');
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path("schemas")).expect("the folder can be made");
            std::fs::write(path(&file), now).expect("the schema can be written");
        } else {
            let written = std::fs::read_to_string(path(&file)).unwrap_or_default();
            assert!(
                written == now,
                "deploy/{file} is out of date: run this test with UPDATE=1, and look at what changed"
            );
        }
    }
}

#[test]
fn every_reference_of_the_asyncapi_file_leads_somewhere() {
    let api = yaml("asyncapi.yaml");
    let mut seen = 0;
    walk(&api, &mut |value| {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
        seen += 1;
        match reference.strip_prefix('#') {
            Some(pointer) => assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere"),
            None => assert!(json(reference.trim_start_matches("./")).is_object(), "{reference} leads nowhere"),
        }
    });
    assert!(seen >= 10, "the file has lost its references: {seen}");
}

#[test]
fn the_asyncapi_file_lists_every_type() {
    let api = yaml("asyncapi.yaml");
    let incoming: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(words(&api["channels"]["events"]["parameters"]["type"]["enum"]), incoming);
    let of_notices = doorstep::outcomes::Kind::ALL.iter().map(|kind| kind.as_str());
    let of_alerts = doorstep::outcomes::alert::Change::ALL.iter().map(|change| change.as_str());
    let of_delays = doorstep::outcomes::delay::Change::ALL.iter().map(|change| change.as_str());
    let of_voices = doorstep::outcomes::voice::Kind::ALL.iter().map(|kind| kind.as_str());
    let outgoing: BTreeSet<_> = of_notices.chain(of_delays).chain(of_alerts).chain(of_voices).collect();
    assert_eq!(words(&api["channels"]["outcomes"]["parameters"]["type"]["enum"]), outgoing);
    assert_eq!(api["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_example_comes_through_the_door_and_fits_its_schema() {
    let api = yaml("asyncapi.yaml");
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let messages = api["components"]["messages"].as_object().expect("there are messages");
    let mut seen = 0;
    for message in messages.values() {
        let schema =
            message["payload"]["$ref"].as_str().map(|name| json(name.trim_start_matches("./"))).expect("a payload");
        for example in message["examples"].as_array().into_iter().flatten() {
            let bytes = serde_json::to_vec(&example["payload"]).expect("an example is JSON");
            match decoder.structured("file", bytes) {
                Incoming::Event { .. } => seen += 1,
                Incoming::UnknownType { .. } => panic!("{}: its type is not known", example["name"]),
                Incoming::Refused(refused) => panic!("{}: {}", example["name"], refused.reason),
            }
            has_known_members(&schema, &schema, &example["payload"], &example["name"].to_string());
        }
    }
    assert!(seen >= 5, "the file has lost its examples: {seen}");
}

/// Whether `value` has only members that `schema` names: an example with a slip of the pen would teach it.
fn has_known_members(root: &Value, schema: &Value, value: &Value, at: &str) {
    let forms =
        [schema].into_iter().chain(["anyOf", "oneOf"].iter().filter_map(|key| schema[key].as_array()).flatten());
    let resolved = forms.map(|form| match form["$ref"].as_str() {
        Some(name) => root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} leads nowhere")),
        None => form,
    });
    match value {
        Value::Object(members) => {
            let Some(known) = resolved.clone().find_map(|form| form["properties"].as_object()) else {
                // One level of `anyOf` inside a definition, as for "text or object".
                let inner = resolved.filter_map(|form| form["anyOf"].as_array()).flatten().next();
                let inner = inner.unwrap_or_else(|| panic!("{at}: the schema knows no object here"));
                assert!(inner.is_object(), "{at}");
                return;
            };
            for (name, member) in members {
                let at = format!("{at}.{name}");
                let part = known.get(name).unwrap_or_else(|| panic!("{at}: the schema has no such member"));
                has_known_members(root, part, member, &at);
            }
        }
        Value::Array(all) => {
            let items = resolved.clone().map(|form| &form["items"]).find(|items| items.is_object());
            let items = items.unwrap_or_else(|| panic!("{at}: the schema knows no list here"));
            all.iter().for_each(|one| has_known_members(root, items, one, at));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every word of `text` that could be a metric of ours.
fn metric_names(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_name(c)).filter(|word| word.starts_with("doorstep_")).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_exist() {
    for file in ["alerts.yaml", "dashboard.json", "RUNBOOK.md"] {
        let text = text(file);
        let asked = metric_names(&text);
        assert!(!asked.is_empty(), "deploy/{file} names no metric");
        for name in asked {
            let exists = doorstep::telemetry::catalogue().iter().any(|(metric, kind, _)| {
                let histogram = *kind == "histogram"
                    && ["_bucket", "_sum", "_count"].iter().any(|end| name.strip_suffix(end) == Some(metric));
                *metric == name || histogram
            });
            assert!(exists, "deploy/{file}: there is no metric {name}");
        }
    }
    let text = text("dashboard.json");
    let shown = metric_names(&text);
    for (metric, _, _) in doorstep::telemetry::catalogue() {
        assert!(shown.iter().any(|name| name.starts_with(metric)), "deploy/dashboard.json does not show {metric}");
    }
}

#[test]
fn every_alert_is_explained_in_the_runbook() {
    let (rules, runbook) = (yaml("alerts.yaml"), text("RUNBOOK.md"));
    let rules = rules["groups"][0]["rules"].as_array().expect("there are rules");
    let named: BTreeSet<_> = rules.iter().filter_map(|rule| rule["alert"].as_str()).collect();
    assert_eq!(named.len(), rules.len(), "each rule has a name of its own");
    let explained: BTreeSet<_> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .filter(|name| name.starts_with("Doorstep"))
        .collect();
    assert_eq!(named, explained);
}

#[test]
fn the_image_is_built_with_the_compiler_that_the_package_asks_for() {
    let manifest =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
    let asked = manifest["package"]["rust-version"].as_str().expect("a version");
    assert!(text("Dockerfile").contains(&format!("FROM rust:{asked}-")), "deploy/Dockerfile does not use Rust {asked}");
}

#[test]
fn the_brokers_definitions_are_what_doorstep_would_declare() {
    let definitions = json("rabbitmq.json");
    let settings = doorstep::ingest::amqp::Settings::default();
    let names = |kind: &str| -> BTreeSet<&str> {
        definitions[kind].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect()
    };
    let exchanges = BTreeSet::from([settings.exchange.as_str(), &settings.dead_exchange, "doorstep.outcomes"]);
    assert_eq!(names("exchanges"), exchanges);
    assert_eq!(names("queues"), BTreeSet::from([settings.queue.as_str(), &settings.dead_queue]));
    let queue =
        definitions["queues"].as_array().into_iter().flatten().find(|one| one["name"] == settings.queue.as_str());
    let arguments = &queue.expect("the queue is there, its name was compared")["arguments"];
    assert_eq!(arguments["x-queue-type"], "quorum");
    assert_eq!(arguments["x-dead-letter-exchange"], settings.dead_exchange.as_str());
    assert_eq!(arguments["x-delivery-limit"], settings.delivery_limit.get());
    let bound = |from: &str| -> BTreeSet<&str> {
        let all = definitions["bindings"].as_array().into_iter().flatten().filter(|one| one["source"] == from);
        all.filter_map(|one| one["routing_key"].as_str()).collect()
    };
    assert_eq!(bound(&settings.exchange), settings.bindings.iter().map(String::as_str).collect());
    assert_eq!(bound(&settings.dead_exchange), BTreeSet::from([""]));
}

/// The configuration that stands in `compose.yaml` is one that doorstep takes.
#[test]
fn the_composed_configuration_reads_well() {
    let compose = yaml("compose.yaml");
    let content = compose["configs"]["doorstep"]["content"].as_str().expect("a configuration");
    let environment = compose["services"]["doorstep"]["environment"].as_object().expect("variables").iter();
    let environment = environment.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()));
    let file = Path::new("doorstep.toml");
    if let Err(wrong) = doorstep::config::Config::read(Some((file, content)), environment) {
        panic!("deploy/compose.yaml: {wrong}");
    }
}
