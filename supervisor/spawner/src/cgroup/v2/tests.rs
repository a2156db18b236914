//! Tests of `v2.rs`.

use super::*;

#[test]
fn lists_of_controllers_as_kernels_write_them() {
    let controllers = |list| among(&Controller::ALL, list).collect::<Vec<_>>();
    assert_eq!(controllers("cpuset cpu io memory hugetlb pids rdma misc dmem\n"), Controller::ALL);
    assert_eq!(controllers("memory pids\n"), [Controller::Memory, Controller::Pids]);
    assert_eq!(controllers("hugetlb\n"), []);
    assert_eq!(controllers("cpuset\n"), [], "no part of another's name");
}
