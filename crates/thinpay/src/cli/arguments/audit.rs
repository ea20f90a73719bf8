//! `thinpay audit`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check every record against the signed heads: names whatever was edited, deleted, added or moved
    ///
    /// Works while the server runs, and on a book that does not open any more. Exit code 1 when anything is
    /// wrong. A head that was kept elsewhere also finds what was removed together with all traces of it:
    /// thinpay audit verify --head kept-in-june.json
    Verify {
        /// A signed head that was kept elsewhere, made by `thinpay audit head --out`; may be given more than once
        #[arg(long = "head", value_name = "FILE")]
        heads: Vec<PathBuf>,
        /// The log's public key as you know it from elsewhere (PEM) [default: the one in the directory]
        #[arg(long, value_name = "FILE")]
        log_key: Option<PathBuf>,
    },
    /// Sign the log as it stands now, and show the head; give heads away, so that nothing below can be changed
    Head {
        /// Also write the head to this file (JSON)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prove that the log of today begins with the log of an older head
    Consistency {
        /// The older head, made by `thinpay audit head --out`
        #[arg(value_name = "OLD-HEAD")]
        older: PathBuf,
        /// Also write both heads and the proof to this file (JSON), which `thinpay audit check` checks
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the log's public key (PEM), to be published where the operator cannot change it unnoticed
    Key {
        /// Also write it to this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write the CA certificate (DER) to this file, the other thing that whoever checks receipts needs
        #[arg(long, value_name = "FILE")]
        ca_out: Option<PathBuf>,
    },
    /// Write a payment's receipt: record, device signature, certificate, proof and head in one file
    Receipt {
        /// The payment's number
        payment: String,
        /// Where to write it [default: receipt-PAYMENT.json here]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check a receipt or a consistency proof offline, on any machine: needs no operator's directory
    ///
    /// Without --ca and --log-key it shows that the file is whole; with both, that it is your operator's.
    Check {
        /// The file
        file: PathBuf,
        /// The operator's CA certificate as you know it from elsewhere (DER or PEM)
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// The log's public key as you know it from elsewhere (PEM)
        #[arg(long, value_name = "FILE")]
        log_key: Option<PathBuf>,
        /// The language to say it in
        #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
        language: String,
    },
    /// Show what was done that moved no money, newest first: sign-ins, refused ones, operators' commands
    Log {
        /// Only acts of this kind, for example sign-in
        #[arg(long, value_name = "WORD")]
        action: Option<String>,
        /// Go on from here: the "next" of the last page
        #[arg(long, value_name = "NUMBER")]
        before: Option<String>,
        /// At most this many, 1 to 1000
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}
