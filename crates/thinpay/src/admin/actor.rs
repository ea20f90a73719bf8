//! Who asks: an operator who signed the request, or whoever may read the operator's directory.
//!
//! An operator signs the request's own text with a nonce and the time, by the key whose public half stands in
//! the parameter section `operators`. The nonce is the idempotency key of what the request does, so a copied
//! request does nothing a second time; an old one is refused.

use std::collections::BTreeSet;

use accounts::Accounts;
use anyhow::{Context as _, Result, bail};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use parameters::{INSTALLATION, Operators, Role};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock;

/// What an operator's signature is a signature of; changes with its meaning.
const LABEL: &str = "thinpay operator request v1";
/// How far the operator's clock and the server's may differ, and how long a signed request may be under way.
const AGE_SECONDS_MAX: u64 = 300;

/// A request as it is sent: its text, and who signed it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope {
    /// The request as JSON.
    pub(crate) request: String,
    pub(crate) signed: Option<Signed>,
}

/// An operator's signature over a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    pub(crate) operator: String,
    /// 16 random bytes in hexadecimal digits.
    nonce: String,
    /// When, in nanoseconds since 1970 UTC.
    at: u64,
    /// ECDSA with P-256 and SHA-256, r and s in hexadecimal digits.
    signature: String,
}

/// An operator who can sign, on the operator's own machine.
pub(crate) struct OperatorKey {
    pub(crate) name: String,
    pub(crate) key: SigningKey,
}

impl Envelope {
    /// Puts a request into an envelope, signed if there is somebody to sign it.
    pub(crate) fn new(request: String, operator: Option<&OperatorKey>) -> Self {
        let signed = operator.map(|operator| {
            let nonce = hex(&clock::random_key());
            let accounts::Timestamp(at) = clock::timestamp();
            let message = message(&operator.name, &nonce, at, &request);
            let signature: Signature = operator.key.sign(&message);
            let signature = signature.normalize_s().unwrap_or(signature);
            Signed { operator: operator.name.clone(), nonce, at, signature: hex(&signature.to_bytes()) }
        });
        Self { request, signed }
    }
}

fn message(operator: &str, nonce: &str, at: u64, request: &str) -> Vec<u8> {
    // The request's digest, not its text, so that what is kept of the signature can be verified later. Names and
    // digits hold no line break.
    format!("{LABEL}\n{operator}\n{nonce}\n{at}\n{}", sha256(request)).into_bytes()
}

/// Who asks, as far as it was proved.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// The operator's name; [`INSTALLATION`] for whoever may read the operator's directory.
    pub(crate) name: String,
    /// Idempotency key of what the request does.
    pub(crate) key: [u8; 16],
    /// The signature, and the digest of the request that it is over, to be kept with what is done.
    pub(crate) evidence: Vec<u8>,
    roles: BTreeSet<Role>,
    /// Whether operators are named at all; before that, the installation does their work.
    operators_named: bool,
}

impl Actor {
    /// Who sent this envelope.
    ///
    /// # Errors
    /// When the signature is not that of an operator in effect, or is old.
    pub(crate) fn of(accounts: &Accounts, envelope: &Envelope) -> Result<Self> {
        let now = clock::timestamp();
        let operators = accounts.registry().effective(now).operators;
        let operators_named = operators.iter().count() >= 2;
        let Some(signed) = &envelope.signed else {
            return Ok(Self {
                name: INSTALLATION.to_owned(),
                key: clock::random_key(),
                evidence: Vec::new(),
                roles: BTreeSet::new(),
                operators_named,
            });
        };
        let key = verify(signed, &envelope.request, &operators, now.0)?;
        let roles = operators.find(&signed.operator).map(|operator| operator.roles.clone());
        let evidence = json!({ "signed": signed, "request_sha256": sha256(&envelope.request) });
        Ok(Self {
            name: signed.operator.clone(),
            key,
            evidence: evidence.to_string().into_bytes(),
            roles: roles.unwrap_or_default(),
            operators_named,
        })
    }

    /// Whether this actor may do what one of these roles may do.
    ///
    /// # Errors
    /// A sentence that says who may.
    pub(crate) fn require(&self, roles: &[Role]) -> Result<()> {
        if roles.iter().any(|role| self.roles.contains(role)) || !self.operators_named {
            return Ok(());
        }
        let words: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        let who = words.join(" or ");
        if self.name == INSTALLATION {
            bail!(
                "This is for an operator with the role {who}: give --operator NAME and --operator-key FILE."
            );
        }
        bail!("{} has no role that may do this: it is for {who}.", self.name)
    }
}

fn verify(signed: &Signed, request: &str, operators: &Operators, now: u64) -> Result<[u8; 16]> {
    let operator = operators.find(&signed.operator).with_context(|| {
        format!("{} is not an operator: the parameter section operators does not name them.", signed.operator)
    })?;
    let key = VerifyingKey::from_sec1_bytes(&operator.public_key)
        .map_err(|_| anyhow::anyhow!("The public key of {} does not read.", signed.operator))?;
    let wrong = || format!("The signature is not that of {}: is it the right key file?", signed.operator);
    let signature = unhex(&signed.signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signature = signature.with_context(wrong)?;
    let message = message(&signed.operator, &signed.nonce, signed.at, request);
    key.verify(&message, &signature).ok().with_context(wrong)?;
    if signed.at.abs_diff(now) > AGE_SECONDS_MAX.saturating_mul(1_000_000_000) {
        bail!(
            "The request was signed more than {AGE_SECONDS_MAX} seconds ago, or the clocks differ: set them and ask again."
        );
    }
    let nonce = unhex(&signed.nonce).and_then(|bytes| bytes.try_into().ok());
    nonce.context("The request's nonce is not 16 bytes.")
}

fn sha256(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex(&Sha256::digest(text))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal digits stand for.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    // Not u8::from_str_radix alone: that reads a sign too.
    if !text.len().is_multiple_of(2) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at.checked_add(2)?)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"everyday":"list-customers"}"#;

    fn key() -> SigningKey {
        SigningKey::random(&mut clock::random())
    }

    fn signed(name: &str, key: &SigningKey) -> Signed {
        let operator = OperatorKey { name: name.to_owned(), key: key.clone() };
        Envelope::new(REQUEST.to_owned(), Some(&operator)).signed.unwrap()
    }

    fn operators(list: &[(&str, &SigningKey)]) -> Operators {
        let tables = list.iter().map(|(name, key)| {
            let public_key = hex(key.verifying_key().to_encoded_point(true).as_bytes());
            format!(
                "[[operator]]\nname = \"{name}\"\npublic-key = \"{public_key}\"\nroles = [\"security\"]\n"
            )
        });
        Operators::parse(&tables.collect::<String>()).unwrap()
    }

    #[test]
    fn a_signature_is_good_for_its_operator_its_request_and_its_time() {
        let (ada, ben) = (key(), key());
        let known = operators(&[("ada", &ada), ("ben", &ben)]);
        let good = signed("ada", &ada);
        let why = |signed: &Signed, request: &str, now: u64| {
            verify(signed, request, &known, now).unwrap_err().to_string()
        };
        assert_eq!(hex(&verify(&good, REQUEST, &known, good.at).unwrap()), good.nonce);

        let wrong_key = signed("ada", &ben);
        assert!(why(&wrong_key, REQUEST, wrong_key.at).contains("is it the right key file"));
        assert!(why(&good, "{}", good.at).contains("not that of ada"));
        let unknown = signed("cy", &ada);
        assert!(why(&unknown, REQUEST, unknown.at).contains("cy is not an operator"));
        for (field, changed) in [
            ("another's name", Signed { operator: "ben".to_owned(), ..good.clone() }),
            ("another nonce", Signed { nonce: hex(&[7; 16]), ..good.clone() }),
            ("another time", Signed { at: good.at + 1, ..good.clone() }),
            ("no signature", Signed { signature: String::new(), ..good.clone() }),
            ("zeros", Signed { signature: hex(&[0; 64]), ..good.clone() }),
        ] {
            assert!(why(&changed, REQUEST, good.at).contains("The signature is not that of"), "{field}");
        }
        let limit = AGE_SECONDS_MAX * 1_000_000_000;
        assert!(verify(&good, REQUEST, &known, good.at + limit).is_ok());
        for now in [good.at + limit + 1, good.at - limit - 1] {
            assert!(why(&good, REQUEST, now).contains("clocks differ"));
        }
    }

    #[test]
    fn a_nonce_has_sixteen_bytes() {
        let ada = key();
        let known = operators(&[("ada", &ada), ("ben", &key())]);
        let nonce = "0011".to_owned();
        let at = 1_800_000_000_000_000_000;
        let signature: Signature = ada.sign(&message("ada", &nonce, at, REQUEST));
        let short = Signed { operator: "ada".to_owned(), nonce, at, signature: hex(&signature.to_bytes()) };
        assert!(verify(&short, REQUEST, &known, at).unwrap_err().to_string().contains("16 bytes"));
    }

    #[test]
    fn roles_say_who_may() {
        let actor = |name: &str, roles: &[Role], operators_named| Actor {
            name: name.to_owned(),
            key: [0; 16],
            evidence: Vec::new(),
            roles: roles.iter().copied().collect(),
            operators_named,
        };
        let finance = [Role::Finance];
        assert!(actor("ada", &finance, true).require(&[Role::Risk, Role::Finance]).is_ok());
        let why = actor("ada", &finance, true).require(&[Role::Risk]).unwrap_err().to_string();
        assert_eq!(why, "ada has no role that may do this: it is for risk.");
        let why = actor(INSTALLATION, &[], true).require(&[Role::Risk]).unwrap_err().to_string();
        assert!(why.contains("--operator NAME"), "{why}");
        // Before operators are named, the installation does their work.
        assert!(actor(INSTALLATION, &[], false).require(&[Role::Risk]).is_ok());
    }

    #[test]
    fn hexadecimal_digits_read_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        for wrong in ["0", "0g", "ää", "+1"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_envelope_travels_as_json(request in ".{0,60}", at in 0_usize..400, byte: u8) {
            let operator = OperatorKey { name: "ada".to_owned(), key: key() };
            let envelope = Envelope::new(request.clone(), Some(&operator));
            let mut bytes = serde_json::to_vec(&envelope).unwrap();
            let again: Envelope = serde_json::from_slice(&bytes).unwrap();
            proptest::prop_assert_eq!(again.request, request);
            let known = operators(&[("ada", &operator.key), ("ben", &key())]);
            let at = at.min(bytes.len() - 1);
            let same = bytes[at] == byte;
            bytes[at] = byte;
            // Damaged, it does not read, or its signature is not good.
            if let Ok(Envelope { request, signed: Some(signed) }) = serde_json::from_slice(&bytes)
                && !same
            {
                let written = |digits: &str| digits.to_ascii_lowercase();
                let first = envelope.signed.as_ref().unwrap();
                let differs = request != envelope.request
                    || signed.operator != first.operator
                    || signed.at != first.at
                    || signed.nonce != first.nonce
                    || written(&signed.signature) != written(&first.signature);
                proptest::prop_assert!(!differs || verify(&signed, &request, &known, signed.at).is_err());
            }
        }
    }
}
