//! Where the crates meet: short loops of direct calls, one file per thread or task. `station.rs` starts and stops them
//! in order.
