//! Nodes that share a lease and pass messages, without a book.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests compute small numbers")]

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use private_postgres::PrivatePostgres;

use super::{Cluster, Event, LEASE, Passed};
use crate::store::{Location, Place, StoreChoice};

const SOON: Duration = Duration::from_secs(10);

struct Node {
    cluster: Cluster,
    events: mpsc::Receiver<Event>,
}

fn place(server: &PrivatePostgres, schema: &str) -> Place {
    let words = format!("{} schema={schema}", server.words());
    let location = Location::new(&StoreChoice::Postgres(words), "".as_ref()).expect("reads");
    drop(location.open().expect("makes the tables"));
    let Location::Postgres(place) = location else { panic!("is PostgreSQL") };
    *place
}

fn join(place: &Place) -> Node {
    let (sender, events) = mpsc::channel();
    let cluster = Cluster::join(place, Box::new(move |event| sender.send(event).is_ok())).expect("joins");
    Node { cluster, events }
}

impl Node {
    /// The next event that is not about growth.
    fn next(&self) -> Event {
        let since = Instant::now();
        while since.elapsed() < SOON {
            match self.events.recv_timeout(SOON) {
                Ok(Event::Grown | Event::Changed) => {}
                Ok(event) => return event,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
        panic!("nothing but growth came");
    }

    fn quiet(&self) -> bool {
        self.events.try_iter().all(|event| matches!(event, Event::Grown | Event::Changed))
    }
}

#[test]
fn one_leads_until_it_ends_and_then_another_does() {
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let place = place(&server, "books");
    let first = join(&place);
    assert_eq!(first.next(), Event::Lead);
    let second = join(&place);
    let third = join(&place);
    std::thread::sleep(LEASE + Duration::from_millis(500));
    assert!(second.quiet() && third.quiet() && first.quiet(), "the lease is renewed");

    // It goes as it should: at once another has it.
    let since = Instant::now();
    drop(first);
    std::thread::sleep(Duration::from_millis(700));
    let mut leads: Vec<bool> =
        [&second, &third].map(|node| node.events.try_iter().any(|event| event == Event::Lead)).into();
    assert_eq!(leads.iter().filter(|leads| **leads).count(), 1, "{:?}", since.elapsed());

    // Its session is killed, as when its process dies: another has it well before the lease runs out, or it
    // has it again itself.
    let (leader, other) = if leads.remove(0) { (second, third) } else { (third, second) };
    let mut session = place.connect().expect("connects");
    let mut term = || session.query_one("SELECT term FROM lease", &[]).expect("answers").get::<_, i64>(0);
    let before = term();
    let mut killer = place.connect().expect("connects");
    killer.execute("SELECT pg_terminate_backend(backend) FROM lease", &[]).expect("kills");
    let since = Instant::now();
    while term() == before && since.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(since.elapsed() < LEASE, "{:?}", since.elapsed());
    std::thread::sleep(Duration::from_secs(1));
    // As far as each knows.
    let leads = [(&leader, true), (&other, false)].map(|(node, led)| {
        node.events.try_iter().fold(led, |leads, event| match event {
            Event::Lead => true,
            Event::Follow => false,
            _ => leads,
        })
    });
    assert!(leads[0] != leads[1], "{leads:?}");
    drop(killer);

    // Every session is killed; somebody leads again.
    drop(session);
    let mut session = place.connect().expect("connects");
    session
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()", &[])
        .expect("kills");
    std::thread::sleep(LEASE);
    let held: bool =
        session.query_one("SELECT until > clock_timestamp() FROM lease", &[]).expect("answers").get(0);
    assert!(held, "somebody leads");
}

#[test]
fn requests_and_answers_find_their_way() {
    let server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let place = place(&server, "books");
    let leader = join(&place);
    assert_eq!(leader.next(), Event::Lead);
    let followers = [join(&place), join(&place)];
    let since = Instant::now();
    for (at, follower) in followers.iter().enumerate() {
        for number in 0..50 {
            follower.cluster.pass_on(number, vec![u8::try_from(at).expect("small"); 100]);
        }
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 100 {
        let Event::Requests(requests) = leader.next() else { panic!("requests were expected") };
        for Passed { node, number, bytes } in requests {
            assert!(seen.insert((node.clone(), number)), "each comes once");
            leader.cluster.answer(
                node,
                number,
                [bytes[..1].to_vec(), number.to_le_bytes().to_vec()].concat(),
            );
        }
    }
    for (at, follower) in followers.iter().enumerate() {
        let mut answered = BTreeSet::new();
        while answered.len() < 50 {
            let Event::Answers(answers) = follower.next() else { panic!("answers were expected") };
            for (number, bytes) in answers {
                assert_eq!(usize::from(bytes[0]), at);
                assert_eq!(bytes[1..], number.to_le_bytes());
                assert!(answered.insert(number));
            }
        }
    }
    eprintln!("200 messages in {} ms", since.elapsed().as_millis());
    // One at a time, which is what a customer waits for.
    let mut took: Vec<u128> = (100..150)
        .map(|number| {
            let since = Instant::now();
            followers[0].cluster.pass_on(number, vec![1; 100]);
            let Event::Requests(requests) = leader.next() else { panic!("requests were expected") };
            leader.cluster.answer(requests[0].node.clone(), number, vec![2]);
            assert!(matches!(followers[0].next(), Event::Answers(_)));
            since.elapsed().as_micros()
        })
        .collect();
    took.sort_unstable();
    eprintln!("there and back: {} us at the median, {} us at most", took[25], took[49]);

    // Growth is heard at once.
    for follower in &followers {
        follower.events.try_iter().for_each(drop);
    }
    leader.cluster.grown();
    assert_eq!(followers[1].events.recv_timeout(SOON), Ok(Event::Grown));
}

#[test]
fn the_nodes_come_back_after_the_server_has_crashed() {
    let mut server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let place = place(&server, "books");
    let nodes = [join(&place), join(&place)];
    assert_eq!(nodes[0].next(), Event::Lead);
    server.crash_and_restart().expect("starts again");
    let since = Instant::now();
    let mut leading = 0;
    let mut led = [true, false];
    while since.elapsed() < LEASE * 3 && leading == 0 {
        for (node, leads) in nodes.iter().zip(&mut led) {
            for event in node.events.try_iter() {
                match event {
                    Event::Lead => *leads = true,
                    Event::Follow => *leads = false,
                    _ => {}
                }
            }
        }
        leading = usize::from(since.elapsed() > LEASE) * led.iter().filter(|leads| **leads).count();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(leading, 1);
    let (leader, follower) = if led[0] { (&nodes[0], &nodes[1]) } else { (&nodes[1], &nodes[0]) };
    follower.cluster.pass_on(1, vec![1]);
    assert!(matches!(leader.next(), Event::Requests(_)));
}
