//! A shard: one thread with a listener, hyper connections and links to the workers of its own. See `shard/`.

pub mod admission;
pub mod command;
