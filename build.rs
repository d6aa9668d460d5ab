//! Tells cargo that the embedded migrations are sources too: without this, a new file would be missed until the next edit.

fn main() {
    println!("cargo:rerun-if-changed=migrations/postgres");
    println!("cargo:rerun-if-changed=migrations/sqlite");
}
