//! A private server serves, survives a crash with what was committed, and leaves nothing behind.

use postgres::{Client, NoTls};
use private_postgres::PrivatePostgres;

#[test]
fn it_serves_survives_a_crash_and_leaves_nothing() {
    let mut server = PrivatePostgres::start().expect("PostgreSQL is installed and starts");
    let data = server.data();
    for words in [server.words(), server.loopback_words()] {
        let mut client = Client::connect(&words, NoTls).expect("connects");
        let fsync: String = client.query_one("SHOW fsync", &[]).expect("answers").get(0);
        assert_eq!(fsync, "on", "what is measured must be durable");
    }
    let mut client = Client::connect(&server.words(), NoTls).expect("connects");
    client.batch_execute("CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)").expect("commits");

    server.crash_and_restart().expect("starts again");
    assert!(client.batch_execute("SELECT 1").is_err(), "the crash ended every connection");
    let mut client = Client::connect(&server.words(), NoTls).expect("connects again");
    let value: i32 = client.query_one("SELECT value FROM kept", &[]).expect("is there").get(0);
    assert_eq!(value, 7);

    let port = server.port();
    drop(server);
    assert!(!data.exists(), "the folder is gone");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens any more");
}
