//! Settings with a slip of the pen in a secret or beside it: each is named, and none is repeated.

use super::plants::{Heard, Plant};
use crate::running::Running;

/// A configuration that cannot be used. `PLANT` stands for a secret.
struct Slip {
    file: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// What a file called `secret` holds.
    secret: &'static str,
    /// The words by which the complaint names it.
    named: &'static str,
}

const fn in_file(file: &'static str, named: &'static str) -> Slip {
    Slip { file, variables: &[], secret: "", named }
}

const fn in_variables(variables: &'static [(&'static str, &'static str)], named: &'static str) -> Slip {
    Slip { file: "", variables, secret: "", named }
}

const fn in_secret(file: &'static str, secret: &'static str, named: &'static str) -> Slip {
    Slip { file, variables: &[], secret, named }
}

const SMS: &str = "[sms]\ntransport = 'webhook'\nurl = 'https://gateway.example/sms'\nsecret_files = ['secret']\n";
const DKIM: &str = "[email]\ntransport = 'smtp'\nhost = 'localhost'\ntls = 'none'\n[[email.dkim]]\ndomain = 'harbour.example'\n\
    selector = 'a'\nkey_file = 'secret'\n";
/// A small brand: `check` renders everything.
const BRAND: &str = "[voice]\ndefault_brand = 'harbour'\n[brands.harbour]\nlanguages = ['en']\nsender = { address = 'a@harbour.example' }\n";

const SLIPS: [Slip; 16] = [
    in_file("[email]\npassword = 'PLANT\n", "doorstep.toml is not TOML: line 2"),
    in_file("[email]\npassword = PLANT\n", "doorstep.toml is not TOML: line 2"),
    in_file("[database]\nurl = 'postgres://u:PLANT@d/x' pool_max = 3\n", "doorstep.toml is not TOML: line 2"),
    in_file("[email]\ntoken = 'PLANT'\n", "email.token: "),
    in_file("[sms]\nsecrets = ['PLANT']\n", "sms.secrets: "),
    in_file("[amqp]\nurl = 'amqp://u:PLANT@b/%2f'\n", "amqp.url: "),
    in_variables(&[("DOORSTEP_SMS__SECRETS", "['PLANT'")], "DOORSTEP_SMS__SECRETS: "),
    in_variables(
        &[(
            "DOORSTEP_ALERTS__TARGETS",
            "{ ops = { transport = 'webhook', url = 'https://a.example', secrets = 'PLANT' } }",
        )],
        "alerts.targets",
    ),
    in_variables(&[("DOORSTEP_EMAIL__TRANSPORT", "smtp"), ("DOORSTEP_EMAIL__PASSWORD", "PLANT")], "email: "),
    in_variables(&[("DATABASE_URL", "postgres://u:PLANT@[d/x")], "the database's address is not usable"),
    in_variables(&[("AMQP_URL", "amqp://u:PLANT@:x/")], "amqp.url: "),
    in_secret(SMS, "whsec_PLANT!", "sms.secrets: "),
    in_secret(DKIM, "PLANT", "email.dkim.key_file: "),
    in_secret("[ops]\nusers_file = 'secret'\n", "ann operator PLANT", "ops.users_file: line 1"),
    in_secret("[consent.resend]\nsecret_files = ['secret']\n", "whsec_PLANT!", "consent.resend.secrets: "),
    in_secret("[alerts.targets.lead]\ntransport = 'slack'\nurl_file = 'secret'\n", "https://[PLANT", "url: "),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_is_wrong_is_named_and_no_secret_beside_it_is_printed() {
    let plant = Plant::new("a secret");
    // A text in quotes holds anything but its own sign; a file of hashes or keys, no blanks.
    let planted = |text: &str| text.replace("PLANT", &plant.text);
    let mut heard = Heard::default();
    for slip in &SLIPS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("doorstep.toml"), planted(slip.file) + BRAND).expect("a file");
        std::fs::write(folder.path().join("secret"), planted(slip.secret)).expect("a file");
        let variables: Vec<_> = slip.variables.iter().map(|(name, value)| (*name, planted(value))).collect();
        let mut check = crate::cli::doorstep(folder.path());
        check.args(["check", "--offline", "--config", "doorstep.toml"]).envs(variables.clone());
        let done = check.output().expect("the binary starts");
        let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        heard.add(format!("check {}", slip.named), said.concat());
        let worker = Running::begin(folder.path(), |command| {
            command.args(["--config", "doorstep.toml"]).env("DOORSTEP_LOG__FILTER", "trace").envs(variables);
        });
        let (status, said) = worker.ended().await;
        assert!(matches!(status.code(), Some(1 | 2)), "{}: {status} {said}", slip.named);
        assert!(said.contains(slip.named), "{}: {said}", slip.named);
        heard.add(format!("run {}", slip.named), said);
    }
    heard.assert_free_of([&plant]);
}
