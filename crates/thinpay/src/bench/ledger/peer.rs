//! PostgreSQL: as the store of the journal, and as the peer that does one transaction for each transfer.
//!
//! The peer is what a careful programmer writes: one statement a transfer, prepared once, that calls a function
//! in the server: so no round trip but one while rows are locked, locks in order of account so that nobody waits
//! in a circle, an idempotency key under a unique index, both balances changed and checked. `pgbench` calls it,
//! with full durability like ours.

use std::io::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use private_postgres::PrivatePostgres;

use super::book::{Market, Spread, Store};
use super::{Better, Options, Row, batches};
use crate::bench::Peer;

/// At this many the peer is fastest (measured with 1 to 128, on 2 and more cores).
const PEER_CLIENTS: &str = "16";
const BATCH: usize = 1_000;

const PEER_TABLES: &str = "
    CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0)) WITH (fillfactor = 50);
    CREATE TABLE transfers (
        id bigserial PRIMARY KEY, key uuid NOT NULL UNIQUE, payer int NOT NULL, payee int NOT NULL, amount bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO accounts SELECT number, 1000000000 FROM generate_series(0, 10000) number;
    CREATE FUNCTION transfer(payer_id int, payee_id int, units bigint) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE done bigint;
    BEGIN
        INSERT INTO transfers (key, payer, payee, amount) VALUES (gen_random_uuid(), payer_id, payee_id, units) RETURNING id INTO done;
        IF payer_id < payee_id THEN
            UPDATE accounts SET balance = balance - units WHERE id = payer_id;
            UPDATE accounts SET balance = balance + units WHERE id = payee_id;
        ELSE
            UPDATE accounts SET balance = balance + units WHERE id = payee_id;
            UPDATE accounts SET balance = balance - units WHERE id = payer_id;
        END IF;
        RETURN done;
    END $$;
    VACUUM ANALYZE;
";

pub(super) fn run(options: &Options, runtime: &tokio::runtime::Runtime, rows: &mut Vec<Row>) -> Result<()> {
    // Without it there are no such rows; the embedded store's stand for themselves.
    if !private_postgres::installed() {
        return Ok(());
    }
    let server = PrivatePostgres::start()?;
    psql(&server, PEER_TABLES)?;
    let mut peers = Vec::new();
    for spread in [Spread::Uniform, Spread::Hot] {
        let value = pgbench(&server, spread, if options.quick { "1" } else { "8" })?;
        let name = format!("PostgreSQL, one transaction a transfer{}", spread.words());
        peers.push((spread, Peer { name: name.clone(), value }));
        rows.push(Row {
            name,
            value,
            unit: "transfers/s",
            better: Better::Higher,
            target: None,
            peer: None,
            how: format!("pgbench, {PEER_CLIENTS} clients, prepared; a function that inserts the transfer under a unique key and updates both balances."),
        });
    }
    for (spread, peer) in peers {
        let words =
            format!("{} schema={}", server.words(), if spread == Spread::Hot { "hot" } else { "uniform" });
        let market = runtime.block_on(Market::new(&Store::Postgres(words)))?;
        let load = runtime.block_on(batches::bursts(&market, BATCH, spread, options))?;
        let name = format!("durable in PostgreSQL, batches of {BATCH}{}", spread.words());
        let first = rows.len();
        batches::report(rows, &name, Some(100_000.0), load);
        let Some(row) = rows.get_mut(first) else { continue };
        let times = row.value / peer.value.max(f64::EPSILON);
        row.peer = Some(peer);
        rows.push(Row {
            name: format!("{name}: times the peer"),
            value: times,
            unit: "times",
            better: Better::Higher,
            target: Some(10.0),
            peer: None,
            how: "The row above against one transaction a transfer, in this run and on the same server."
                .to_owned(),
        });
        runtime.block_on(market.end())?;
    }
    Ok(())
}

fn program(server: &PrivatePostgres, name: &str) -> Result<Command> {
    let mut command = Command::new(private_postgres::programs().context("PostgreSQL's programs")?.join(name));
    command.args(["-h", "127.0.0.1", "-U", private_postgres::USER, "-p"]).arg(server.port().to_string());
    Ok(command)
}

fn psql(server: &PrivatePostgres, sql: &str) -> Result<()> {
    let mut psql = program(server, "psql")?;
    let mut child = psql
        .args(["-q", "-v", "ON_ERROR_STOP=1", "postgres"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .context("starting psql")?;
    child.stdin.take().context("psql's input")?.write_all(sql.as_bytes())?;
    if !child.wait()?.success() {
        bail!("psql could not make the peer's tables.");
    }
    Ok(())
}

/// Transfers a second.
fn pgbench(server: &PrivatePostgres, spread: Spread, seconds: &str) -> Result<f64> {
    let mut script = tempfile::NamedTempFile::new()?;
    let payee = match spread {
        Spread::Uniform => "\\set payee 1 + (:payer + random(0, 9998)) % 10000",
        // Account 0 is the merchant.
        Spread::Hot => {
            "\\set other 1 + (:payer + random(0, 9998)) % 10000\n\\set payee case when random(0, 1) = 0 then 0 else :other end"
        }
    };
    writeln!(script, "\\set payer random(1, 10000)\n{payee}\nSELECT transfer(:payer, :payee, 1);")?;
    let output = program(server, "pgbench")?
        .args(["-n", "-M", "prepared", "-c", PEER_CLIENTS, "-j", "2", "-T", seconds, "-f"])
        .arg(script.path())
        .arg("postgres")
        .output()
        .context("starting pgbench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .with_context(|| format!("pgbench said: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
