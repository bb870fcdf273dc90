//! Where the server is and how it is talked to.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that went without a word is given up after this.
const SILENCE_MAX: Duration = Duration::from_secs(20);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// The address of an archive on PostgreSQL, and the right to it. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

/// Why an address cannot be used: it has to be written otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Not an address of a PostgreSQL server.
    #[error("is not an address such as postgresql://watchfire@host:5432/watchfire: {0}")]
    NotAnAddress(String),
    /// A secret in a place for addresses.
    #[error("holds a password; keep it in a file or the environment and name that by `password`")]
    PasswordInside,
    /// It would send the password and the history in the clear.
    #[error("switches TLS off for a server on another machine; leave `sslmode` out or say `require`")]
    Plain,
    /// The certificates of those who sign the server's cannot be read.
    #[error("the certificates to check the server by cannot be read: {0}")]
    Certificates(String),
}

impl Server {
    /// Checks an address `postgresql://user@host:port/database`, of one server or of several of which one may be
    /// written to. To another machine the connection is by TLS, and the server's certificate must be signed for the
    /// host's name by those in `ca_file` (PEM), or by those that the system trusts.
    ///
    /// # Errors
    /// As the variants say.
    pub fn new(url: &str, password: Option<&str>, ca_file: Option<&Path>) -> Result<Server, ServerError> {
        // The library's message may repeat a part of the address, but a password in it was refused before.
        if url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).is_some_and(|(who, _)| who.contains(':')) {
            return Err(ServerError::PasswordInside);
        }
        let mut config: Config = url.parse().map_err(|error| ServerError::NotAnAddress(full(&error)))?;
        if config.get_password().is_some() {
            return Err(ServerError::PasswordInside);
        }
        if config.get_hosts().is_empty() || config.get_user().is_none() || config.get_dbname().is_none() {
            return Err(ServerError::NotAnAddress("it names a host, a user and a database".to_owned()));
        }
        if let Some(password) = password {
            config.password(password);
        }
        let remote = config.get_hosts().iter().any(|host| !is_here(host));
        let says_mode = url.contains("sslmode=");
        match config.get_ssl_mode() {
            SslMode::Disable | SslMode::Prefer if remote && says_mode => return Err(ServerError::Plain),
            _ if remote => drop(config.ssl_mode(SslMode::Require)),
            _ if !says_mode => drop(config.ssl_mode(SslMode::Disable)),
            _ => {}
        }
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(SILENCE_MAX).keepalives_idle(KEEPALIVE_IDLE);
        config.application_name("watchfire");
        Ok(Server { config, tls: MakeRustlsConnect::new(tls(ca_file)?) })
    }
}

fn full(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether what is said to that host stays on this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, ServerError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let wrong = |error: String| ServerError::Certificates(format!("{}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("it holds none".to_owned()));
            }
        }
        // What cannot be read of the system's is left out; a server signed by it is then refused with a clear error.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ServerError::Certificates(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        let mode = |url: &str| Server::new(url, None, None).map(|server| server.config.get_ssl_mode());
        assert_eq!(mode("postgresql://w@db.example.org/w").unwrap(), SslMode::Require);
        assert_eq!(mode("postgresql://w@db.example.org/w?sslmode=require").unwrap(), SslMode::Require);
        assert_eq!(mode("postgresql://w@127.0.0.1/w").unwrap(), SslMode::Disable);
        assert_eq!(mode("postgresql://w@localhost/w?sslmode=require").unwrap(), SslMode::Require);
        assert_eq!(mode("postgresql:///w?host=/run/postgresql&user=w").unwrap(), SslMode::Disable);
        assert_eq!(mode("postgresql://w@localhost,other/w").unwrap(), SslMode::Require);
        for sort in ["disable", "prefer"] {
            let url = format!("postgresql://w@db.example.org/w?sslmode={sort}");
            assert!(matches!(mode(&url), Err(ServerError::Plain)), "{sort}");
        }
    }

    #[test]
    fn an_address_is_whole_and_holds_no_secret() {
        for url in ["postgresql://w:hush@h/w", "postgresql://w@h/w?password=hush"] {
            let error = Server::new(url, None, None).err().unwrap();
            assert!(matches!(error, ServerError::PasswordInside), "{error}");
            assert!(!error.to_string().contains("hush"));
        }
        for url in ["", "mysql://w@h/w", "postgresql://w@h", "postgresql://h/w"] {
            assert!(matches!(Server::new(url, None, None), Err(ServerError::NotAnAddress(_))), "{url}");
        }
        let missing = Server::new("postgresql://w@h/w", None, Some(Path::new("/nowhere.pem")));
        assert!(matches!(missing, Err(ServerError::Certificates(_))));
    }
}
