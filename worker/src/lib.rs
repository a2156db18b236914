//! What `nano-worker` shares with the test that attacks it from inside: the sandbox.

#![deny(unsafe_code)]

pub mod sandbox;
