//! Turns of readers that always have something to read.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use tokio::io::AsyncReadExt;
use tokio::runtime::{Builder, LocalOptions};

/// Always has something to be read.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = buffer.remaining();
        buffer.put_slice(&vec![0; length]);
        Poll::Ready(Ok(()))
    }
}

/// A socket that is read from in rounds.
struct Metered<S>(S, Reader);

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self(stream, reader) = self.get_mut();
        reader.poll_read(stream, cx, buffer).map_ok(|_| ())
    }
}

fn run(test: impl Future<Output = ()>) {
    Builder::new_current_thread().build_local(LocalOptions::default()).unwrap().block_on(test);
}

/// Reads for ever; what it has had is counted.
fn read_on(group: &Rc<ReaderGroup>, most: usize) -> Rc<Cell<usize>> {
    let total = Rc::new(Cell::new(0));
    let (mut stream, count) = (Metered(Endless, group.reader(most, 1)), Rc::clone(&total));
    spawn_local(async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            count.set(count.get() + stream.read(&mut buffer).await.unwrap());
        }
    });
    total
}

/// Lets everything that is ready have `rounds` turns.
async fn turns(rounds: usize) {
    for _ in 0..rounds {
        yield_now().await;
    }
}

#[test]
fn endless_readers_leave_everybody_else_a_turn() {
    run(async {
        let rounds = Rounds::new(4 * READ);
        let group = rounds.group(2 * READ);
        let totals: Vec<_> = (0..100).map(|_| read_on(&group, READ)).collect();
        let sum = || totals.iter().map(|total| total.get()).sum::<usize>();
        for _ in 0..200 {
            let before = sum();
            turns(1).await;
            // A round may begin and another end between two of our turns.
            assert!(sum() - before <= 2 * group.most, "{} bytes in one turn", sum() - before);
        }
        assert!(sum() >= 50 * group.most, "{} bytes in 200 turns", sum());
    });
}

#[test]
fn without_parts_one_reader_keeps_the_thread() {
    run(async {
        // The control: with a part that is never used up the first reader never gives way.
        let rounds = Rounds::new(usize::MAX);
        let group = rounds.group(usize::MAX);
        let mut stream = Metered(Endless, group.reader(usize::MAX, 1));
        let mut cx = Context::from_waker(Waker::noop());
        let mut buffer = vec![0; READ];
        for _ in 0..10_000 {
            assert!(Pin::new(&mut stream).poll_read(&mut cx, &mut ReadBuf::new(&mut buffer)).is_ready());
        }
    });
}

#[test]
fn readers_and_groups_get_their_parts_alike() {
    run(async {
        let rounds = Rounds::new(4 * READ);
        let many = rounds.group(4 * READ);
        let few = rounds.group(4 * READ);
        let of_many: Vec<_> = (0..64).map(|_| read_on(&many, READ)).collect();
        let of_few = read_on(&few, READ);
        turns(2000).await;
        let least = of_many.iter().map(|total| total.get()).min().unwrap();
        let most = of_many.iter().map(|total| total.get()).max().unwrap();
        assert!(least > 0 && most <= 2 * least, "{least} to {most} within one group");
        let sum: usize = of_many.iter().map(|total| total.get()).sum();
        assert!(of_few.get() * 8 >= sum, "one reader of a group got {}, 64 of another {sum}", of_few.get());
    });
}

#[test]
fn a_dear_byte_counts_as_many() {
    run(async {
        let rounds = Rounds::new(64 * READ);
        let group = rounds.group(64 * READ);
        let reader = group.reader(READ, 4);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(reader.poll_room(&mut cx), Poll::Ready(READ / 4));
        reader.took(READ / 4);
        assert_eq!(reader.poll_room(&mut cx), Poll::Pending);
    });
}

#[test]
fn who_went_away_while_waiting_is_passed_over() {
    run(async {
        let rounds = Rounds::new(2 * READ);
        let group = rounds.group(2 * READ);
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..1000 {
            let gone = group.reader(READ, 1);
            gone.took(READ);
            assert_eq!(gone.poll_room(&mut cx), Poll::Pending);
        }
        let stays = read_on(&group, READ);
        turns(10).await;
        assert!(stays.get() > 0);
        assert!(group.waiting.borrow().len() <= 1);
    });
}
