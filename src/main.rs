//! The `doorstep` binary: picks the allocator and the TLS implementation, and hands over to the command line.

use std::process::ExitCode;

/// Fewer page faults than the system's under many short allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only if some other implementation was installed before, and nothing runs before this line.
    let _ = rustls::crypto::ring::default_provider().install_default();
    doorstep::cli::main()
}
