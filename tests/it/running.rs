//! A worker as a process of its own. What it says goes into files, so that it never waits for a reader.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use crate::door::client::{Client, PATIENCE};

/// A worker at work; it is killed when the test leaves it.
pub(crate) struct Running {
    child: Child,
    logs: [PathBuf; 2],
    pub(crate) client: Client,
}

impl Running {
    /// Starts `doorstep run` in a folder, on a free port, and lets it come as far as it comes.
    pub(crate) fn begin(folder: &Path, arrange: impl FnOnce(&mut Command)) -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], crate::cli::free_port()));
        let mut command = crate::cli::doorstep(folder);
        command.arg("run").env("DOORSTEP_HTTP__LISTEN", addr.to_string()).env("DOORSTEP_LOG__FORMAT", "json");
        arrange(&mut command);
        let logs = ["stdout", "stderr"].map(|stream| folder.join(format!("{}.{stream}", uuid::Uuid::new_v4())));
        let [stdout, stderr] = [&logs[0], &logs[1]].map(|path| File::create(path).expect("a file"));
        let child = command.stdout(stdout).stderr(stderr).spawn().expect("the binary starts");
        Self { child, logs, client: Client { addr } }
    }

    /// The same, and waits until it is ready.
    pub(crate) async fn start(folder: &Path, arrange: impl FnOnce(&mut Command)) -> Self {
        let mut worker = Self::begin(folder, arrange);
        let mut again = tokio::time::interval(Duration::from_millis(20));
        let reached = async {
            while !worker.said().contains("\"message\":\"ready\"") {
                let ended = worker.child.try_wait().expect("its state");
                assert!(ended.is_none(), "the worker ended before it was ready: {}", worker.said());
                again.tick().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, reached).await.is_ok(), "it is not ready: {}", worker.said());
        worker
    }

    /// All that it has said so far.
    pub(crate) fn said(&self) -> String {
        self.logs.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect()
    }

    /// Waits for its end; answers with how it ended and all that it said.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        let ending = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("its state") {
                    break status;
                }
                again.tick().await;
            }
        };
        let status = tokio::time::timeout(PATIENCE, ending).await;
        (status.unwrap_or_else(|_| panic!("it does not end: {}", self.said())), self.said())
    }

    /// Asks it to stop, as a service manager does, and waits until it has; answers with all that it said.
    pub(crate) async fn stop(self) -> String {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill is there");
        assert!(asked.success());
        let (status, said) = self.ended().await;
        assert!(status.success() && said.contains("\"message\":\"stopped\""), "{said}");
        said
    }

    /// Kills it in the midst of things.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it was alive");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
