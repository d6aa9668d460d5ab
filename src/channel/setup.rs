//! What building a channel from its settings needs: secrets from files, certificates, and errors that name the setting.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};

/// Largest secret or certificate file read, in bytes: a bundle of all public authorities has about 250 KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A channel cannot be built from its settings. The words name the setting and what to do; never a secret.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A setting is missing or holds nonsense.
    #[error("{setting}: {problem}")]
    Setting { setting: &'static str, problem: String },
    /// A file that a setting names cannot be used.
    #[error("{setting}: cannot read {}", path.display())]
    File {
        setting: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The HTTP client cannot be built, as a rule because the system has no certificates.
    #[error("cannot build the http client")]
    Client(#[source] reqwest::Error),
}

impl SetupError {
    /// A complaint about one setting.
    pub(crate) fn setting(setting: &'static str, problem: impl Into<String>) -> Self {
        Self::Setting { setting, problem: problem.into() }
    }
}

/// Takes a secret from the setting itself, or from the file that the `*_file` setting names; a line end at the end of the
/// file is not part of it. `Ok(None)`: neither was given.
///
/// # Errors
/// When both are given, or the file cannot be read, is empty, or is not text.
pub fn secret(
    setting: &'static str,
    inline: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SetupError> {
    let secret = match (inline, file) {
        (Some(_), Some(_)) => return Err(SetupError::setting(setting, "give the secret or its file, not both")),
        (Some(secret), None) => secret.clone(),
        (None, Some(path)) => {
            let text = read(setting, path)?;
            let text =
                String::from_utf8(text).map_err(|_| SetupError::setting(setting, "the file is not UTF-8 text"))?;
            SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, None) => return Ok(None),
    };
    if secret.expose_secret().is_empty() {
        return Err(SetupError::setting(setting, "is empty"));
    }
    Ok(Some(secret))
}

/// Reads a whole small file.
pub(crate) fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, SetupError> {
    let failed = |source| SetupError::File { setting, path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(SetupError::setting(setting, "the file is bigger than 1 MiB"));
    }
    std::fs::read(path).map_err(failed)
}

/// Makes ring the process's TLS implementation if none is set yet; harmless when repeated.
pub(crate) fn install_tls() {
    // An error means that somebody was first, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The authorities to trust: those of `ca_file` alone, or else the system's.
///
/// # Errors
/// When the file holds no certificate, or the system has none.
pub(crate) fn roots(setting: &'static str, ca_file: Option<&Path>) -> Result<Arc<RootCertStore>, SetupError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            for certificate in certificates(setting, path)? {
                roots
                    .add(certificate)
                    .map_err(|_| SetupError::setting(setting, "holds a certificate that cannot be used"))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        return Err(SetupError::setting(setting, "no certificates: install the system's bundle or set a file"));
    }
    Ok(Arc::new(roots))
}

/// The certificates in a PEM file, at least one.
fn certificates(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let pem = read(setting, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(SetupError::setting(setting, "holds no PEM certificates")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_one_place_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "re_test_123\n").unwrap();
        let read = secret("email.token", None, Some(&path)).unwrap().unwrap();
        assert_eq!(read.expose_secret(), "re_test_123");
        assert!(!format!("{read:?}").contains("re_test"));

        let inline = SecretString::from("abc");
        let both = secret("email.token", Some(&inline), Some(&path)).unwrap_err();
        assert!(both.to_string().starts_with("email.token: "), "{both}");
        assert!(secret("email.token", None, None).unwrap().is_none());

        std::fs::write(&path, "\n").unwrap();
        assert!(secret("email.token", None, Some(&path)).is_err());
        assert!(secret("email.token", None, Some(&dir.path().join("missing"))).is_err());
    }
}
