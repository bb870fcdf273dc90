//! A stand-by takes the server's place: it is found by itself, and nothing is lost or doubled, also when it had not heard
//! of the last batches.

use crate::cluster::{Cluster, USER, await_that};
use crate::crash::{Expected, Life};
use crate::source::open_on;
use watchfire_archive::{Batch, History, Server, WriteError};

#[test]
fn a_stand_by_that_takes_over_is_found_and_gets_what_it_had_not_heard_of() {
    let Some(mut cluster) = Cluster::start() else { return };
    let database = cluster.make_database();
    let mut stand_by = cluster.stand_by();
    let socket = |cluster: &Cluster| cluster.directory().to_string().replace('/', "%2F");
    let url = format!("postgresql://{USER}@{},{}/{database}", socket(&cluster), socket(&stand_by));
    let server = Server::new(&url, None, None).unwrap();
    let mut life = Life::new(31);
    let mut store = open_on(&server);
    for _ in 0..10 {
        (0..40).for_each(|_| life.grow());
        life.logs.deliver(&mut store);
    }
    let heard = store.cursors().entries.0;
    let arrived = "SELECT position FROM watchfire.cursors WHERE log = 'entries'";
    await_that("the stand-by has it", || stand_by.sql(&database, arrived) == heard.to_string());
    // It is away while the last batches are written, and the server dies before it has heard of them.
    stand_by.stop();
    (0..200).for_each(|_| life.grow());
    life.logs.deliver(&mut store);
    cluster.crash();
    stand_by.begin();
    stand_by.promote();
    let mut moved = 0;
    for attempt in 0.. {
        (0..20).for_each(|_| life.grow());
        let mut batch = Batch::default();
        life.logs.fill(&mut batch, store.cursors(), usize::MAX);
        match store.write(&mut batch) {
            Ok(()) => break,
            Err(WriteError::Moved(cursors)) => {
                assert!(cursors.entries.0 >= heard, "what the stand-by had is there");
                moved += 1;
            }
            Err(WriteError::Unavailable(_) | WriteError::ReadOnly(_) | WriteError::Busy(_)) => assert!(attempt < 100),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(moved, 1, "the archive went back once, and was filled again from there");
    life.logs.deliver(&mut store);
    Expected::of(&life.logs).check(&History::on_server(&server));
}
