//! What stands beside the ledger, through the whole platform: fees, limits, risk rules and the review queue,
//! refunds, exchange, parameters; and what a repeated request is told. On both stores.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests compute small numbers")]

#[path = "../support/desk.rs"]
mod desk;
mod exchange;
mod fees;
mod history;
mod holds;
mod limits;
mod parameters_and_acts;
mod refunds;
mod repeats;
mod risk;
#[path = "../support/mod.rs"]
mod support;

use desk::Place;
use private_postgres::PrivatePostgres;

/// Each scenario is a test on SQLite; on PostgreSQL they share a server, and so a test.
macro_rules! on_both_stores {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    Box::pin(super::$module::$name(super::Place::Sqlite)).await;
                }
            )*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn all_of_it_on_postgresql() {
            let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
            let place = Place::Postgres(&server);
            $(
                println!("{}", stringify!($name));
                Box::pin($module::$name(place)).await;
            )*
        }
    };
}

on_both_stores!(
    fees::the_customer_pays_on_top,
    fees::the_merchant_pays_out_of_the_amount,
    limits::of_a_transaction_a_day_and_a_month,
    limits::by_tier_app_terminal_and_merchant,
    limits::of_parallel_clients,
    limits::outlive_restarts_and_count_what_was_done_alone,
    limits::are_not_read_from_a_damaged_snapshot,
    risk::allows_steps_up_and_refuses,
    risk::what_is_reviewed_is_posted_or_refused,
    risk::histories_outlive_restarts,
    refunds::are_bounded_by_their_original,
    refunds::in_parallel_never_exceed_it,
    exchange::moves_both_books,
    holds::are_captured_in_parts,
    parameters_and_acts::four_eyes_and_dates,
    parameters_and_acts::acts_and_tiers_are_kept,
    repeats::every_kind_is_told_its_first_answer,
    history::of_any_moment_is_what_it_was,
);
