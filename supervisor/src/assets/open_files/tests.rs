//! Tests of `open_files.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tokio::runtime::Builder;

use super::*;

const SHORT: Duration = Duration::from_millis(20);

fn run(test: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
}

#[test]
fn one_app_has_at_most_half_and_waits_for_its_own() {
    run(async {
        let files = OpenFiles::default();
        files.allow(8);
        let (one, other) = (files.of_app(), files.of_app());
        let mut open = Vec::new();
        for _ in 0..4 {
            open.push(one.permit().await.unwrap());
        }
        assert!(one.permit_within(SHORT).await.is_none());
        let of_other = other.permit().await.unwrap();
        let (next, ()) = tokio::join!(one.permit(), async { drop(open.pop()) });
        assert!(next.is_some());
        drop((open, next, of_other));
        assert_eq!((files.all.available_permits(), files.kept.available_permits()), (6, 2));
    });
}

#[test]
fn whoever_keeps_many_leaves_some_to_those_who_have_few() {
    run(async {
        let files = OpenFiles::default();
        files.allow(40);
        let (greedy, honest) = ([files.of_app(), files.of_app(), files.of_app()], files.of_app());
        let mut open = Vec::new();
        for app in &greedy {
            while let Some(permit) = app.permit_within(SHORT).await {
                open.push(permit);
            }
        }
        // Each but the first ones was among those with few for a while: the last one took of what is kept.
        assert!(open.len() < 40, "{}", open.len());
        let mut few = Vec::new();
        for _ in 0..FEW {
            few.push(honest.permit_within(SHORT).await.unwrap());
        }
        assert!(honest.permit_within(SHORT).await.is_none());
    });
}

#[test]
fn all_together_have_no_more_than_there_are() {
    run(async {
        let files = OpenFiles::default();
        files.allow(4);
        let apps = [files.of_app(), files.of_app(), files.of_app()];
        let mut open = Vec::new();
        for app in &apps[..2] {
            open.extend([app.permit().await.unwrap(), app.permit().await.unwrap()]);
        }
        assert!(apps[2].permit_within(SHORT).await.is_none());
        open.pop();
        assert!(apps[2].permit().await.is_some());
    });
}
