//! Which of several causes of one death is reported.

use super::*;

#[test]
fn the_best_word_counts() {
    use ExitReason::{Cpu, Crash, Heap, Idle, Memory, Reload, Restart, Startup};
    let exit = |code: Option<ExitReason>, out_of_memory| Exit {
        status: code.map(|reason| Status::Code(reason.exit_status().into())),
        cpu_micros: 0,
        out_of_memory,
    };
    let ready = |planned, said, code: Option<ExitReason>| Cause::Ready { planned }.reason(said, &exit(code, false));
    let killed = |planned, said| Cause::Ready { planned }.reason(said, &exit(None, true));
    assert_eq!(killed(None, None), Memory, "the kernel killed it at its limit");
    assert_eq!(killed(None, Some(Heap)), Heap, "it was said before");
    assert_eq!(killed(Some(Reload), Some(Reload)), Memory);
    assert_eq!(ready(None, None, None), Crash);
    assert_eq!(ready(None, Some(Cpu), Some(Heap)), Cpu);
    assert_eq!(ready(None, None, Some(Heap)), Heap);
    assert_eq!(ready(Some(Reload), Some(Reload), None), Reload);
    assert_eq!(ready(Some(Reload), Some(Reload), Some(Heap)), Heap);
    assert_eq!(ready(Some(Idle), None, None), Idle);
    for lie in [Idle, Reload, Restart, Startup] {
        assert_eq!(ready(None, Some(lie), Some(lie)), Crash, "{lie}");
    }
    assert_eq!(
        Cause::Boot { reason: Startup, detail: "", is_reported: false }.reason(Some(Cpu), &exit(None, false)),
        Startup
    );
}
