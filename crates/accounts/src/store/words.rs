//! What an operator says to reach a PostgreSQL: its own words, and two of ours.

use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::postgres::Config;
use ::postgres::config::{Host, SslMode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Place;
use crate::Error;

/// The schema when none is said.
const SCHEMA: &str = "thinpay";

/// Longest name of a schema: PostgreSQL cuts longer ones off.
const SCHEMA_BYTES_MAX: usize = 48;

/// Largest file of certificates.
const CERTIFICATES_BYTES_MAX: u64 = 1 << 20;

/// How long connecting may take, when the words do not say (`connect_timeout`).
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long a server may keep silent about what was sent to it before the connection counts as lost, when the
/// words do not say (`tcp_user_timeout`, `keepalives_idle`).
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Reads the words.
pub(super) fn place(words: &str) -> Result<Place, Error> {
    let (words, ours) = take_ours(words)?;
    let mut schema = SCHEMA.to_owned();
    let mut roots = None;
    for (name, value) in ours {
        match name {
            "schema" => schema = value,
            _ => roots = Some(value),
        }
    }
    let fits = schema.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && schema.starts_with(|first: char| first.is_ascii_lowercase())
        && schema.len() <= SCHEMA_BYTES_MAX
        && !schema.starts_with("pg_");
    if !fits {
        return Err(wrong(format!(
            "schema={schema}: a schema is named with at most {SCHEMA_BYTES_MAX} small letters, digits and underscores, starting with a letter"
        )));
    }
    let mut config: Config =
        words.parse().map_err(|error: ::postgres::Error| wrong(super::postgres::words_of(&error)))?;
    if config.get_application_name().is_none() {
        config.application_name("thinpay");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_MAX);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE_MAX);
    }
    config.keepalives(true).keepalives_idle(SILENCE_MAX).keepalives_interval(Duration::from_secs(2));
    let tls = match config.get_ssl_mode() {
        SslMode::Disable => None,
        SslMode::Require => Some(tls(roots.as_deref())?),
        // What a server on the same machine is told does not leave it. To any other, never without TLS:
        // whoever stands between could otherwise take it away.
        _ if is_here(&config) => {
            config.ssl_mode(SslMode::Disable);
            None
        }
        _ => {
            config.ssl_mode(SslMode::Require);
            Some(tls(roots.as_deref())?)
        }
    };
    Ok(Place { config, tls, schema })
}

fn is_here(config: &Config) -> bool {
    if !config.get_hostaddrs().is_empty() {
        return config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        _ => true,
    })
}

fn tls(roots: Option<&str>) -> Result<MakeRustlsConnect, Error> {
    let file = roots.ok_or_else(|| {
        wrong(
            "a server on another machine is spoken to over TLS: say sslrootcert=FILE, the certificates that its own must lead to (or sslmode=disable, on a network that nobody else is on)"
                .to_owned(),
        )
    })?;
    let unreadable = |error: &dyn std::fmt::Display| wrong(format!("sslrootcert={file}: {error}"));
    let bytes = fs::metadata(file).map_err(|error| unreadable(&error))?.len();
    if bytes > CERTIFICATES_BYTES_MAX {
        return Err(unreadable(&"it is too large to be a file of certificates"));
    }
    let text = fs::read(file).map_err(|error| unreadable(&error))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        store.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if store.is_empty() {
        return Err(unreadable(&"there is no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| unreadable(&error))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Words, and those of ours among them with their values.
type Split = (String, Vec<(&'static str, String)>);

/// Takes our own words out: PostgreSQL's library refuses what it does not know.
fn take_ours(words: &str) -> Result<Split, Error> {
    const OURS: [&str; 2] = ["schema", "sslrootcert"];
    let our = |name: &str| OURS.iter().find(|ours| **ours == name).copied();
    let mut taken = Vec::new();
    if words.starts_with("postgres://") || words.starts_with("postgresql://") {
        let (address, parameters) = words.split_once('?').unwrap_or((words, ""));
        let mut left = Vec::new();
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match our(name) {
                Some(_) if value.contains('%') => {
                    return Err(wrong(format!("{name} cannot be written with % in it")));
                }
                Some(name) => taken.push((name, value.to_owned())),
                None => left.push(parameter),
            }
        }
        let mark = if left.is_empty() { "" } else { "?" };
        return Ok((format!("{address}{mark}{}", left.join("&")), taken));
    }
    let mut left = String::new();
    let mut rest = words.trim_start();
    while !rest.is_empty() {
        let (word, name, value, after) = next_word(rest)?;
        match our(name) {
            Some(name) => taken.push((name, value)),
            None => {
                left.push_str(word);
                left.push(' ');
            }
        }
        rest = after.trim_start();
    }
    Ok((left.trim_end().to_owned(), taken))
}

/// The first `name=value`: as it is written, its name, its value, and what comes after.
fn next_word(text: &str) -> Result<(&str, &str, String, &str), Error> {
    let (name, after) = text
        .split_once('=')
        .ok_or_else(|| wrong("every word is written as name=value, with spaces between them".to_owned()))?;
    let mut value = String::new();
    let mut quoted = false;
    let mut escaped = false;
    let mut end = after.len();
    for (at, character) in after.char_indices() {
        match character {
            _ if escaped => {
                value.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            _ if character.is_whitespace() && !quoted => {
                end = at;
                break;
            }
            _ => value.push(character),
        }
    }
    if quoted {
        return Err(wrong(format!("the value of {} has a quotation mark that is not closed", name.trim())));
    }
    let rest = after.get(end..).unwrap_or_default();
    let length = text.len().saturating_sub(rest.len());
    Ok((text.get(..length).unwrap_or_default(), name.trim(), value, rest))
}

fn wrong(why: String) -> Error {
    Error::Store(format!("what to connect to PostgreSQL with cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(words: &str) -> String {
        place(words).expect_err("is refused").to_string()
    }

    #[test]
    fn our_words_are_taken_out_and_the_others_are_postgresqls() {
        let found = place("host=/run/pg  schema=books user='a b' port=6000").expect("reads");
        assert_eq!(found.schema, "books");
        assert_eq!((found.config.get_user(), found.config.get_ports()), (Some("a b"), &[6000][..]));
        assert!(found.tls.is_none(), "a Unix socket needs none");
        let found = place("postgresql://me@127.0.0.1:6000/db?schema=other&connect_timeout=2").expect("reads");
        assert_eq!((found.schema.as_str(), found.config.get_dbname()), ("other", Some("db")));
        assert_eq!(found.config.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(place("host=localhost").expect("reads").schema, "thinpay");
    }

    #[test]
    fn another_machine_is_spoken_to_over_tls_or_not_at_all() {
        assert!(refused("host=db.example user=me").contains("sslrootcert"));
        assert!(refused("host=localhost,db.example user=me sslmode=prefer").contains("sslrootcert"));
        assert!(refused("host=db.example sslrootcert=/nowhere/ca.pem").contains("/nowhere/ca.pem"));
        assert!(place("host=db.example sslmode=disable").expect("is said").tls.is_none());
    }

    #[test]
    fn wrong_words_are_named() {
        assert!(refused("schema=\"x\"; host=h").contains("a schema is named"));
        assert!(refused("host=localhost nonsense=1").contains("nonsense"));
        assert!(refused("localhost").contains("name=value"));
        assert!(refused("password='x").contains("password"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z=' \\\\?&/:%é]{0,60}") {
            let _ = place(&text);
        }
    }
}
