//! `doorstep forget` takes nobody for somebody else.

use serde_json::json;

use super::{folder, printed, run};

/// Each shop counts its customers anew.
#[test]
fn a_customers_number_that_several_brands_have_needs_a_brand() {
    let folder = folder();
    let paid = |brand: &str, mail: &str| {
        let customer = json!({"id": "1042", "email": mail});
        let order = json!({"id": "1", "customer": customer, "items": [{"title": "Lamp", "qty": 1}]});
        json!({"specversion": "1.0", "id": "1/paid", "source": format!("/shops/{brand}"), "brand": brand, "type": "order.paid",
            "time": "2026-11-02T09:00:00Z", "data": {"order": order}})
        .to_string()
    };
    let events = [paid("harbour", "ann@example.org"), paid("orchard", "bob@example.org")].join("\n");
    std::fs::write(folder.path().join("old.jsonl"), events).expect("a file");
    printed(folder.path(), &["migrate"]);
    printed(folder.path(), &["import", "old.jsonl"]);
    let both = run(folder.path(), &["forget", "--customer", "1042"]);
    let said = String::from_utf8_lossy(&both.stderr).into_owned();
    assert_eq!(both.status.code(), Some(3), "{said}");
    assert!(said.contains("harbour, orchard") && !said.contains("1042"), "{said}");
    let one = run(folder.path(), &["forget", "--customer", "1042", "--brand", "orchard"]);
    assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
    let left = run(folder.path(), &["forget", "--customer", "1042", "--dry-run", "--json"]);
    assert!(
        String::from_utf8_lossy(&left.stdout).contains("\"orders\":1"),
        "the other brand's customer is still there"
    );
}
