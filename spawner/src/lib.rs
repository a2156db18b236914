//! What needs privileges after nano has started: making worker processes for the configuration's apps, each in its own
//! control group and namespaces. Small, single-threaded, and apart from the code that reads what clients send.

pub mod cgroup;
