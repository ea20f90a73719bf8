//! The program itself, as a process, over TCP and TLS, against the small platform of the core's tests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a failure in here fails the test"
)]

#[path = "../../terminal/tests/support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread::JoinHandle;

use identity::{AccountName, ActivationCode, EnrolmentBundle};
use profile::{HardwareProfile, PixelLayout};
use rand_core::OsRng;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use support::{ACCOUNT, Enrolment, PASSWORD, Platform};

/// The operator's certificates, one terminal, and a folder with its files.
struct Bench {
    folder: tempfile::TempDir,
    enrolment: Enrolment,
    ca: CertificateDer<'static>,
    server: (CertificateDer<'static>, Vec<u8>),
}

impl Bench {
    fn new(profile: HardwareProfile) -> Self {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::default();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = rcgen::Issuer::new(ca.clone(), &ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(["pay.example".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            enrolment: Enrolment::new(1, profile),
            ca: ca.self_signed(&ca_key).unwrap().der().clone(),
            server: (certificate.der().clone(), key.serialize_der()),
        };
        bench.write("profile.toml", &bench.enrolment.profile.to_toml());
        bench.write("password", PASSWORD);
        bench.write("pin", "2580\n");
        let bundle = EnrolmentBundle {
            terminal: bench.enrolment.terminal,
            account: AccountName::new(ACCOUNT).unwrap(),
            server_name: "pay.example".into(),
            operator_ca: bench.ca.to_vec(),
            certificate: Vec::new(),
            signing_key: bench.enrolment.signing.clone(),
            agreement_key: bench.enrolment.agreement.clone(),
            profile: bench.enrolment.profile.canonical_bytes(),
        };
        let code = ActivationCode::generate(&mut OsRng);
        bench.write("bundle", &bundle.seal(&mut OsRng, &code).unwrap());
        bench.write("code", &code.reveal());
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thinpay-terminal"));
        command.env_remove("THINPAY_PASSWORD").env_remove("THINPAY_PIN");
        command.stdin(std::process::Stdio::null());
        command
    }

    fn import(&self) -> Output {
        let mut command = self.program();
        command.arg("import").arg(self.path("bundle")).arg("--element").arg(self.path("element"));
        command.arg("--activation-code-file").arg(self.path("code")).arg("--pin-file").arg(self.path("pin"));
        command.output().unwrap()
    }

    /// Serves one connection and gives the platform back at its end.
    fn serve(&self, tls: bool) -> (u16, JoinHandle<Platform>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let enrolment = self.enrolment.clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.server.1.clone()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.server.0.clone()], key)
            .unwrap();
        let serving = std::thread::spawn(move || {
            let mut platform = Platform::new(&enrolment);
            let (socket, _) = listener.accept().unwrap();
            if tls {
                let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
                converse(rustls::StreamOwned::new(connection, socket), &mut platform);
            } else {
                converse(socket, &mut platform);
            }
            platform
        });
        (port, serving)
    }

    fn run(&self, server: &str, script: &str, more: &[&str]) -> (i32, String, String) {
        self.write("script", script);
        let mut command = self.program();
        command.args(["run", "--server", server, "--display", "headless", "--json"]);
        command.arg("--profile").arg(self.path("profile.toml")).arg("--element").arg(self.path("element"));
        command.arg("--password-file").arg(self.path("password")).arg("--pin-file").arg(self.path("pin"));
        command.arg("--script").arg(self.path("script")).arg("--record").arg(self.path("record"));
        let output = command.args(more).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

fn converse(mut stream: impl Read + Write, platform: &mut Platform) {
    let _client_gone = stream.write_all(&platform.receive(b""));
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let answer = platform.receive(&buffer[..length]);
        if stream.write_all(&answer).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

fn png_size(path: &Path) -> (u32, u32) {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    let info = decoder.read_info().unwrap();
    (info.info().width, info.info().height)
}

const PAYMENT: &str = r#"
    # a payment, as a person makes it
    expect-action pay
    screenshot home
    tap pay
    expect "Pay 23.50 CNY to Luckin" within 2s
    tap confirm
    expect "Paid"
    screenshot paid
    tap close
    expect-end "Goodbye, Mei." within 3s
"#;

#[test]
fn a_script_pays_over_tls() {
    let bench = Bench::new(HardwareProfile::picture("phone", 60, 40, 160, PixelLayout::Rgb565));
    let imported = bench.import();
    assert!(imported.status.success(), "{imported:?}");
    assert!(String::from_utf8_lossy(&imported.stderr).contains("for development only"));
    assert_eq!(bench.import().status.code(), Some(2), "an element is never overwritten");

    let (port, serving) = bench.serve(true);
    let (code, out, err) = bench.run(&format!("rfbs://127.0.0.1:{port}"), PAYMENT, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(serving.join().unwrap().paid);
    let events: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    for name in ["connected", "signed-in", "first-frame", "live", "frame", "step", "signed", "ended"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let ended = events.last().unwrap();
    assert_eq!(ended["kind"], "done");
    assert_eq!(ended["frames"], 4);
    assert_eq!(png_size(&bench.path("record/home.png")), (60, 40));
    assert_eq!(png_size(&bench.path("record/paid.png")), (60, 40));

    // Somebody else's certificate: the connection is not used.
    let other = Bench::new(bench.enrolment.profile.clone());
    let (port, _serving) = other.serve(true);
    let (code, _, err) = bench.run(&format!("rfbs://127.0.0.1:{port}"), PAYMENT, &[]);
    assert_eq!(code, 6);
    assert!(err.contains("not the operator's server"), "{err}");

    // A script that expects what is not there says what was there.
    let (port, _serving) = bench.serve(true);
    let (code, _, err) =
        bench.run(&format!("rfbs://127.0.0.1:{port}"), "expect \"Nothing of the kind\" within 200ms", &[]);
    assert_eq!(code, 5);
    assert!(err.contains("line 1") && err.contains("Home: balance 100.00 CNY"), "{err}");

    // A wrong password, a wrong PIN, nobody there.
    bench.write("password", "wrong horse");
    let (port, _serving) = bench.serve(true);
    let (code, _, err) = bench.run(&format!("rfbs://127.0.0.1:{port}"), PAYMENT, &[]);
    assert_eq!(code, 3, "{err}");
    let (code, _, err) = bench.run("rfbs://127.0.0.1:1", PAYMENT, &[]);
    assert_eq!(code, 6);
    assert!(err.contains("no server answers"), "{err}");
    bench.write("pin", "0000");
    let (code, _, err) = bench.run("rfbs://127.0.0.1:1", PAYMENT, &[]);
    assert_eq!(code, 2);
    assert!(err.contains("wrong PIN"), "{err}");
}

#[test]
fn another_profile_gets_noise_and_code_4() {
    let bench = Bench::new(HardwareProfile::picture("phone", 60, 40, 160, PixelLayout::Rgb565));
    assert!(bench.import().status.success());
    bench.write(
        "profile.toml",
        &HardwareProfile::picture("another phone", 60, 40, 160, PixelLayout::Rgb565).to_toml(),
    );
    let (port, serving) = bench.serve(false);
    let (code, out, err) = bench.run(&format!("rfb://127.0.0.1:{port}"), PAYMENT, &[]);
    assert_eq!(code, 4, "{err}");
    assert!(!out.contains("first-frame"), "nothing was shown: {out}");
    assert!(!serving.join().unwrap().paid);

    let (port, _serving) = bench.serve(false);
    let server = format!("rfb://127.0.0.1:{port}");
    let (code, out, err) = bench.run(&server, "screenshot noise", &["--ignore-tags"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("For demonstration only"));
    assert_eq!(png_size(&bench.path("record/noise.png")), (60, 40));
}

#[test]
fn a_text_display_without_touch_pays_by_keys() {
    let bench = Bench::new(HardwareProfile::text("text", 30, 4));
    assert!(bench.import().status.success());
    let (port, serving) = bench.serve(false);
    let (code, out, err) = bench.run(&format!("rfb://127.0.0.1:{port}"), PAYMENT, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(serving.join().unwrap().paid);
    let text = std::fs::read_to_string(bench.path("record/home.txt")).unwrap();
    assert!(text.starts_with("Home: balance 100.00 CNY\n"), "{text}");
}

#[test]
fn the_command_line_teaches() {
    let bench = Bench::new(HardwareProfile::text("text", 30, 4));
    let help = bench.program().arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    for word in ["import", "run", "Exit codes", "rfbs://"] {
        assert!(text.contains(word), "{text}");
    }
    let refused = bench.program().args(["run", "--server", "http://x"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
