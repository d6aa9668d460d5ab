//! A real browser: headless Chromium, spoken to over its debugging pipe (JSON, a NUL after each message).
//!
//! `CHROMIUM` names the program if it has another name; `DOORSTEP_TEST_AXE` the file `axe.min.js`, which `tests/services.sh
//! install` fetches. `DOORSTEP_TEST_PICTURES` names a folder for pictures of what is looked at.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};

/// The longest wait for anything. Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: mpsc::Receiver<Value>,
    session: String,
    last: u64,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium with one empty page.
    pub(crate) fn start() -> Self {
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let profile = tempfile::tempdir().unwrap();
        // The pipe is file descriptors 3 and 4; here it is the shell's own input and output.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null", &program])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (to, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, from) = mpsc::channel();
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                if send.send(serde_json::from_slice(&message).expect("json")).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self { child, to, from, session: String::new(), last: 0, _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        browser.call("Page.enable", &json!({}));
        browser
    }

    /// Sends a command and waits for its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Sends a command and waits for its answer, which may be an error.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("Chromium listens: is it installed? (tests/services.sh install)");
        loop {
            let answer = self.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if answer["id"] == json!(self.last) {
                return answer;
            }
        }
    }

    /// The value of an expression, awaited.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Opens a page and waits until it is there.
    pub(crate) fn open(&mut self, url: &str) {
        let answer = self.call("Page.navigate", &json!({ "url": url }));
        assert!(answer["errorText"].is_null(), "{url}: {}", answer["errorText"]);
        self.loaded();
    }

    fn loaded(&mut self) {
        self.until("document.readyState === 'complete'");
    }

    /// Waits until an expression is true. The page may be replaced by another meanwhile.
    pub(crate) fn until(&mut self, expression: &str) {
        let since = std::time::Instant::now();
        let params = json!({ "expression": format!("Boolean({expression})"), "returnByValue": true });
        // A page that is just being left answers with an error.
        while self.ask("Runtime.evaluate", &params)["result"]["result"]["value"] != json!(true) {
            assert!(since.elapsed() < PATIENCE, "never: {expression}\n{}", self.eval("document.body.innerText"));
            // A moment, or until the browser says something by itself; scripts, and so their timers, may be off.
            let _event = self.from.recv_timeout(Duration::from_millis(50));
        }
    }

    /// Presses what a selector names, and waits for the page that follows.
    pub(crate) fn press_to_leave(&mut self, selector: &str) {
        let quoted = json!(selector);
        self.eval(&format!("window.stays = true; document.querySelector({quoted}).click()"));
        self.until("window.stays === undefined && document.readyState === 'complete'");
    }

    pub(crate) fn fill(&mut self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.eval(&format!("document.querySelector({selector}).value = {text}"));
    }

    /// The window's size and the wished colours.
    pub(crate) fn look_as(&mut self, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// What axe-core finds that is serious, one line each.
    pub(crate) fn axe(&mut self) -> Vec<String> {
        let path = axe_file();
        let source = std::fs::read_to_string(&path)
            .unwrap_or_else(|_| panic!("{} is not there: run tests/services.sh install", path.display()));
        self.call("Runtime.evaluate", &json!({ "expression": source }));
        let found = self.eval(
            "axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations
                 .filter(v => v.impact !== 'minor')
                 .flatMap(v => v.nodes.map(n => `${v.impact} ${v.id}: ${n.html.slice(0, 200)} (${n.failureSummary})`)))",
        );
        found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    /// Keeps a picture of the whole page, if somebody wants pictures.
    pub(crate) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("DOORSTEP_TEST_PICTURES").map(PathBuf::from) else { return };
        let shot = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }
}

fn axe_file() -> PathBuf {
    let usual = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe/node_modules/axe-core/axe.min.js"));
    std::env::var_os("DOORSTEP_TEST_AXE").map_or_else(usual, PathBuf::from)
}

impl Drop for Browser {
    fn drop(&mut self) {
        // By its own pid: the shell has become Chromium.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
