//! A shop that has planted a secret of its own in every setting that takes one, with far sides that want to see them.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use uuid::Uuid;

use super::plants::Plant;
use crate::servers::{http, smtp};
use crate::store::world::Db;

/// Where secrets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Files,
    /// As far as they can; the others from files.
    Environment,
}

/// How mails go out: each way has a secret of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mail {
    Smtp,
    Http,
}

/// One secret for each setting.
pub(super) struct Plants {
    pub(super) database: Plant,
    /// A line of the file of passwords that cannot be read, and a parameter of the address that nobody knows.
    pub(super) slip: Plant,
    pub(super) broker: Plant,
    pub(super) smtp: Plant,
    pub(super) dkim: Plant,
    pub(super) token: Plant,
    pub(super) sms: Plant,
    pub(super) hook: Plant,
    pub(super) chat: Plant,
    pub(super) resend: Plant,
    pub(super) generic: Plant,
    pub(super) texts: Plant,
    pub(super) mask: Plant,
    pub(super) links: Plant,
    pub(super) door: Plant,
    pub(super) person: Plant,
    pub(super) hash: Plant,
    /// What a stranger tries at the door and at the console.
    pub(super) guess: Plant,
}

impl Plants {
    fn new(chat: &str) -> Self {
        let person = Plant::new("a person's password");
        Self {
            database: Plant::new("the database's password"),
            slip: Plant::new("a slip beside it"),
            broker: Plant::new("the broker's password"),
            smtp: Plant::new("the mail server's password"),
            dkim: Plant::key("the key that signs mails"),
            token: Plant::new("the provider's token"),
            sms: Plant::signing("the gateway's secret"),
            hook: Plant::signing("the secret of a target of alerts"),
            chat: Plant::address("the chat's address", chat),
            resend: Plant::signing("resend's secret"),
            generic: Plant::signing("another provider's secret"),
            texts: Plant::signing("the secret of who hands texts on"),
            mask: Plant::new("the secret of the names of contacts"),
            links: Plant::new("the links' secret"),
            door: Plant::new("a token of the door"),
            hash: Plant::whole("the hash of a password", &crate::ops::hash_of(&person.text)),
            person,
            guess: Plant::new("a stranger's guess"),
        }
    }

    fn all(&self) -> [&Plant; 18] {
        [
            &self.database,
            &self.slip,
            &self.broker,
            &self.smtp,
            &self.dkim,
            &self.token,
            &self.sms,
            &self.hook,
            &self.chat,
            &self.resend,
            &self.generic,
            &self.texts,
            &self.mask,
            &self.links,
            &self.door,
            &self.person,
            &self.hash,
            &self.guess,
        ]
    }
}

/// Database, broker, mail server and the receivers of HTTP.
pub(super) struct House {
    pub(super) plants: Plants,
    /// Those that a wrong one took the place of.
    past: Vec<Plant>,
    pub(super) folder: tempfile::TempDir,
    pub(super) db: Db,
    pub(super) mails: smtp::Server,
    pub(super) far: http::Server,
    /// The user of database and broker, and the beginning of names in the broker.
    pub(super) name: String,
}

pub(super) const PAGES: &str = "https://post.harbour.example";

/// The broker's address, for its owner.
pub(super) fn broker() -> String {
    std::env::var("DOORSTEP_TEST_AMQP").expect("DOORSTEP_TEST_AMQP names a broker: run tests/run")
}

impl House {
    pub(super) async fn new() -> Self {
        let (mails, far) = (smtp::Server::start(smtp::Mode::Plain).await, http::Server::start().await);
        let house = Self {
            plants: Plants::new(&far.url("/chat")),
            past: Vec::new(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            db: Db::postgres_empty().await,
            mails,
            far,
            name: format!("planted_{}", Uuid::new_v4().simple()),
        };
        house.admit_to_database().await;
        house.admit_to_broker();
        house.write_secrets();
        house
    }

    /// A user who owns the database, and has to show a password (see `tests/services.sh`).
    async fn admit_to_database(&self) {
        let (name, password) = (&self.name, &self.plants.database.text);
        let (_, database) = self.db.settings.url.rsplit_once('/').expect("a database's name");
        let group =
            "do $$ begin create role with_password; exception when duplicate_object or unique_violation then end $$";
        self.db.raw(group).await;
        self.db.raw(&format!("create role {name} login password '{password}' in role with_password")).await;
        self.db.raw(&format!("alter database {database} owner to {name}")).await;
    }

    /// A user of the private broker.
    fn admit_to_broker(&self) {
        let folder = std::env::var("DOORSTEP_TEST_SERVICES").expect("DOORSTEP_TEST_SERVICES is not set: run tests/run");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services.sh");
        let (name, password) = (self.name.as_str(), self.plants.broker.text.as_str());
        for words in [&["add_user", name, password][..], &["set_permissions", name, ".*", ".*", ".*"]] {
            let done = Command::new(script).args(["ctl", &folder, "--quiet"]).args(words).output().expect("the script");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }

    /// Everything that was planted.
    pub(super) fn planted(&self) -> impl Iterator<Item = &Plant> {
        self.plants.all().into_iter().chain(&self.past)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_secrets(&self) {
        let plants = &self.plants;
        for (name, plant) in [
            ("broker", &plants.broker),
            ("smtp", &plants.smtp),
            ("dkim", &plants.dkim),
            ("token", &plants.token),
            ("sms", &plants.sms),
            ("hook", &plants.hook),
            ("chat", &plants.chat),
            ("resend", &plants.resend),
            ("generic", &plants.generic),
            ("texts", &plants.texts),
            ("mask", &plants.mask),
            ("links", &plants.links),
            ("door", &plants.door),
        ] {
            plant.write(&self.path(name));
        }
        std::fs::write(self.path("users"), format!("ann operator {}\n", plants.hash.text)).expect("a file");
        self.write_passwords(&plants.database);
    }

    /// The file of Postgres's passwords, with a line before it that is none.
    pub(super) fn write_passwords(&self, password: &Plant) {
        let slip = self.plants.slip.text.replace(':', "");
        let escaped = password.text.replace('\\', "\\\\").replace(':', "\\:");
        std::fs::write(self.path("pgpass"), format!("{slip}\n*:*:*:{}:{escaped}\n", self.name)).expect("a file");
        std::fs::set_permissions(self.path("pgpass"), std::fs::Permissions::from_mode(0o600))
            .expect("its owner's alone");
    }

    /// The database's address for the user of this test; with a password, and a slip of the pen behind it.
    fn database(&self, password: Option<&Plant>) -> String {
        let (_, host) = self.db.settings.url.rsplit_once('@').expect("an address with a user");
        match password {
            None => format!("postgres://{}@{host}", self.name),
            Some(plant) => {
                let slip = self.plants.slip.in_address();
                format!("postgres://{}:{}@{host}?pasword={slip}", self.name, plant.in_address())
            }
        }
    }

    fn broker(&self, password: Option<&Plant>) -> String {
        let address = broker();
        let (_, host) = address.rsplit_once('@').expect("an address with a user");
        let password = password.map(|plant| format!(":{}", plant.in_address())).unwrap_or_default();
        format!("amqp://{}{password}@{host}", self.name)
    }

    /// The configuration. What stands behind `#f` is there only where secrets come from files.
    pub(super) fn settings(&self, way: Way, mail: Mail) -> String {
        let (name, folder) = (&self.name, self.folder.path().display());
        let whole = format!(
            "[log]\nfilter = 'trace'\n[database]\n#f url = '{database}'\n\
             [amqp]\n#f url = '{broker}'\n#f password_file = '{folder}/broker'\nqueue_type = 'classic'\n\
             exchange = '{name}'\nqueue = '{name}'\ndead_exchange = '{name}.dead'\ndead_queue = '{name}.dead'\n\
             [outcomes]\nexchange = '{name}.outcomes'\n\
             [http]\ntoken_files = ['{folder}/door']\n[ops]\nusers_file = '{folder}/users'\n{email}\
             [sms]\ntransport = 'webhook'\nurl = '{sms}'\nallow_private = true\n#f secret_files = ['{folder}/sms']\n\
             [alerts]\ngather_secs = 0\n\
             [alerts.targets.ops]\ntransport = 'webhook'\nurl = '{hook}'\nallow_private = true\n#f secret_files = ['{folder}/hook']\n\
             [alerts.targets.lead]\ntransport = 'slack'\nallow_private = true\n#f url_file = '{folder}/chat'\n\
             [consent]\nsecret_files = ['{folder}/mask']\n\
             [consent.resend]\n#f secret_files = ['{folder}/resend']\n\
             [consent.generic]\n#f secret_files = ['{folder}/generic']\n\
             [consent.sms]\n#f secret_files = ['{folder}/texts']\n\
             [links]\nbase_url = '{PAGES}'\nsecret_files = ['{folder}/links']\n\
             [voice]\ndefault_brand = 'harbour'\n\
             [brands.harbour]\nname = 'Harbour Goods'\nlanguages = ['en']\nsender = {{ address = 'orders@harbour.example' }}\n\
             [brands.harbour.policy]\nmerge_window = '0s'\nquiet.sms = {{ from = '00:00', until = '24:00' }}\n\
             [brands.harbour.policy.stages.confirmed]\nchannels = ['email', 'sms']\n",
            database = self.database(None),
            broker = self.broker(None),
            email = self.email(mail),
            sms = self.far.url("/sms"),
            hook = self.far.url("/hook"),
        );
        whole.lines().fold(String::new(), |mut text, line| {
            match (line.strip_prefix("#f "), way) {
                (Some(setting), Way::Files) => writeln!(text, "{setting}"),
                (Some(_), Way::Environment) => Ok(()),
                (None, _) => writeln!(text, "{line}"),
            }
            .expect("writing to a text does not fail");
            text
        })
    }

    fn email(&self, mail: Mail) -> String {
        let folder = self.folder.path().display();
        match mail {
            Mail::Smtp => format!(
                "[email]\ntransport = 'smtp'\nhost = 'localhost'\nport = {}\ntls = 'none'\nusername = 'doorstep'\n\
                 #f password_file = '{folder}/smtp'\n\
                 [[email.dkim]]\ndomain = 'harbour.example'\nselector = 'a'\nkey_file = '{folder}/dkim'\n",
                self.mails.port
            ),
            Mail::Http => format!(
                "[email]\ntransport = 'http'\nurl = '{}'\n#f token_file = '{folder}/token'\n",
                self.far.url("/emails")
            ),
        }
    }

    /// The variables that the binary gets.
    pub(super) fn variables(&self, way: Way, mail: Mail) -> Vec<(&'static str, String)> {
        let plants = &self.plants;
        match way {
            Way::Files => vec![("PGPASSFILE", self.path("pgpass").display().to_string())],
            Way::Environment => vec![
                ("DATABASE_URL", self.database(Some(&plants.database))),
                ("AMQP_URL", self.broker(Some(&plants.broker))),
                match mail {
                    Mail::Smtp => ("DOORSTEP_EMAIL__PASSWORD", plants.smtp.text.clone()),
                    Mail::Http => ("DOORSTEP_EMAIL__TOKEN", plants.token.text.clone()),
                },
                ("DOORSTEP_SMS__SECRETS", plants.sms.text.clone()),
                ("DOORSTEP_ALERTS__TARGETS__OPS__SECRETS", format!("['{}']", plants.hook.text)),
                ("DOORSTEP_ALERTS__TARGETS__LEAD__URL", plants.chat.text.clone()),
                ("DOORSTEP_CONSENT__RESEND__SECRETS", plants.resend.text.clone()),
                ("DOORSTEP_CONSENT__GENERIC__SECRETS", plants.generic.text.clone()),
                ("DOORSTEP_CONSENT__SMS__SECRETS", plants.texts.text.clone()),
            ],
        }
    }

    /// Writes the configuration, and lets a command have it.
    pub(super) fn arrange(&self, command: &mut Command, way: Way, mail: Mail) {
        let file = self.path("doorstep.toml");
        std::fs::write(&file, self.settings(way, mail)).expect("a file");
        command.arg("--config").arg(file).envs(self.variables(way, mail));
    }

    /// Takes another password for one of the two servers than the one that they know.
    pub(super) fn forget_database(&mut self) {
        let wrong = Plant::new("a wrong password of the database");
        self.past.push(std::mem::replace(&mut self.plants.database, wrong));
        self.write_passwords(&self.plants.database);
    }

    pub(super) fn forget_broker(&mut self) {
        let wrong = Plant::new("a wrong password of the broker");
        self.past.push(std::mem::replace(&mut self.plants.broker, wrong));
        self.plants.broker.write(&self.path("broker"));
    }
}
