//! CPU and memory limits: the right reason, the right culprit, in time; or a process that ends.

use std::time::{Duration, Instant};

use nano_protocol::{Boot, ExitReason, RuntimeLimits};

use crate::hand::{Outcome, Worker, boot, limits};

/// Sends the request that must end the worker, and one before it that waits; checks who is blamed.
fn bomb(source: &str, limits: RuntimeLimits, expected: &[ExitReason]) -> (Duration, bool) {
    let source = format!(
        "export default {{ async fetch(request) {{
            if (request.url.endsWith('/wait')) await new Promise((resolve) => setTimeout(resolve, 60000));
            {source}
            return new Response('survived');
        }} }}"
    );
    let mut worker = Worker::serving_with(&[("index.js", &source)], Boot { limits, ..boot("index.js") });
    worker.open("GET", "/wait", &[], nano_protocol::BodyLength::None);
    worker.ping();
    let began = Instant::now();
    let outcome = worker.get("/bomb");
    let took = began.elapsed();
    let Outcome::Died { blamed } = outcome else { panic!("{outcome:?}") };
    let (status, stderr) = worker.end();
    let expected: Vec<i32> = expected.iter().map(|reason| reason.exit_status().into()).collect();
    assert!(expected.contains(&status), "{source}: {status} {stderr}");
    (took, blamed)
}

fn cpu(cpu_ms: u32) -> RuntimeLimits {
    RuntimeLimits { cpu_ms, ..limits() }
}

#[test]
fn loops_are_ended_at_the_cpu_limit_and_their_request_is_named() {
    for source in [
        "for (;;) {}",
        "await null; for (;;) {}",
        "await new Promise((resolve) => setTimeout(resolve, 1)); for (;;) {}",
        "const spin = () => { Promise.resolve().then(spin) }; spin(); await new Promise(() => {});",
        "/(a+)+b/.test('a'.repeat(40));",
        "try { for (;;) {} } catch {} finally { for (;;) {} }",
    ] {
        let (took, blamed) = bomb(source, cpu(200), &[ExitReason::Cpu]);
        assert!(blamed, "{source}");
        assert!(took >= Duration::from_millis(200), "{source}: {took:?}");
    }
}

#[test]
fn code_that_cannot_be_interrupted_ends_with_the_process() {
    let source = "'a'.repeat(800000).lastIndexOf('a'.repeat(400000) + 'b');";
    bomb(source, cpu(50), &[ExitReason::Cpu]);
}

#[test]
fn cpu_time_counts_not_wall_time() {
    let source = "export default { async fetch() {
        for (let i = 0; i < 20; i++) {
            const end = performance.now() + 10; while (performance.now() < end) {}
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
        return new Response('fine');
    } }";
    let boot = Boot { limits: cpu(150), ..boot("index.js") };
    let mut worker = Worker::serving_with(&[("index.js", source)], boot);
    assert_eq!(worker.get("/").text(), "200 fine");
}

#[test]
fn a_loop_while_the_app_loads_is_ended() {
    let mut worker = Worker::start(1);
    let boot = Boot { limits: cpu(100), ..boot("index.js") };
    worker.control.send(&nano_protocol::Frame::Boot(Box::new(boot)));
    let Some(nano_protocol::Frame::ModuleRequest { id, .. }) = worker.control.next() else { panic!() };
    let source = Ok(bytes::Bytes::from_static(b"for (;;) {}"));
    worker.control.send(&nano_protocol::Frame::ModuleSource { id, source });
    let (status, stderr) = worker.end();
    assert_eq!(status, i32::from(ExitReason::Cpu.exit_status()), "{stderr}");
}

#[test]
fn a_loop_ends_when_the_supervisor_goes_away() {
    let mut worker = Worker::serving(&[("index.js", "export default { fetch() { for (;;) {} } }")]);
    worker.open("GET", "/", &[], nano_protocol::BodyLength::None);
    worker.hang_up();
    let (status, stderr) = worker.wait();
    assert_eq!(status, i32::from(ExitReason::Restart.exit_status()), "{stderr}");
}

#[test]
fn endless_recursion_is_an_error_and_harms_nobody() {
    let source = "export default { fetch() {
        const tries = [
            () => { const f = () => f(); f() },
            () => { let a = []; for (let i = 0; i < 200000; i++) a = [a]; JSON.stringify(a) },
            () => { const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x },
            () => { let s = { toString: () => String(s) }; String(s) },
            () => { const f = (x) => x.replace(/./, f); f('a') },
            () => { const f = (a) => a.sort(() => f(a)); f([1, 2]) },
            () => { const f = () => console.log({ get a() { return f() }, [Symbol.for('nodejs.util.inspect.custom')]: f }); f() },
        ];
        return new Response(tries.map((f) => { try { f(); return 'fine' } catch (error) { return error.name } }).join());
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    for _ in 0..3 {
        let text = worker.get("/").text();
        assert!(text.starts_with("200 RangeError,"), "{text}");
        assert!(text[4..].split(',').all(|end| end == "RangeError" || end == "fine"), "{text}");
    }
}

#[test]
fn memory_bombs_end_at_the_heap_limit() {
    for source in [
        "const a = []; for (;;) a.push(new Array(100).fill(0));",
        "let s = 'x'; const all = []; for (;;) { all.push(s + all.length); s += 'xxxxxxxxxxxxxxxx'; all.push([...s]); }",
        "const a = []; for (;;) { try { a.push(new ArrayBuffer(1 << 20)) } catch {} }",
        "const m = new Map(); for (let i = 0;; i++) m.set(i, { i });",
        "const a = []; for (;;) { a.push({}); if (a.length % 1000 === 0) await null; }",
    ] {
        bomb(source, limits(), &[ExitReason::Heap]);
    }
}

#[test]
fn an_array_buffer_beyond_the_limit_throws_and_harms_nobody() {
    let source = "export default { fetch() {
        const kept = new ArrayBuffer(30 << 20);
        try { return new Response(String(new ArrayBuffer(40 << 20).byteLength + kept.byteLength)); }
        catch (error) { return new Response(error.name); }
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    for _ in 0..5 {
        let t = worker.get("/").text();
        assert_eq!(t, "200 RangeError", "{:?}", worker.end());
    }
}

#[test]
fn a_clone_that_finds_no_memory_says_so() {
    let source = "export default { fetch() {
        const kept = new Uint8Array(30 << 20);
        try {
            const copy = structuredClone(kept);
            return new Response(String(structuredClone(copy).length + copy.length + kept.length));
        } catch (error) {
            return new Response(`${error.name}: ${error.message}`);
        }
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(worker.get("/").text(), "200 RangeError: There is not enough memory for the copy (memory_mb)");
}

#[test]
fn memory_that_bypasses_the_allocator_counts_too() {
    for source in [
        "const b = new ArrayBuffer(0, { maxByteLength: 2 ** 33 });
         for (let n = 0;; n += 1 << 20) { b.resize(n); new Uint8Array(b).fill(1, n - (1 << 20)); }",
        "const b = new SharedArrayBuffer(0, { maxByteLength: 2 ** 33 });
         for (let n = 0;; n += 1 << 20) { b.grow(n); new Uint8Array(b).fill(1, n - (1 << 20)); }",
        "const m = new WebAssembly.Memory({ initial: 0 });
         for (;;) { m.grow(16); new Uint8Array(m.buffer).fill(1, m.buffer.byteLength - (1 << 20)); }",
        "const all = []; for (;;) {
             const m = new WebAssembly.Memory({ initial: 16 }); new Uint8Array(m.buffer).fill(1); all.push(m);
         }",
    ] {
        bomb(source, limits(), &[ExitReason::Heap, ExitReason::Memory]);
    }
}

#[test]
fn shared_memory_is_refused() {
    let source = "export default { fetch() {
        let lie = false;
        const tries = {
            buffer: () => structuredClone(new SharedArrayBuffer(8), { transfer: [] }) instanceof ArrayBuffer || (() => { throw new Error('shared') })(),
            atomics: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 60000),
            shared: () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
            lying: () => new WebAssembly.Memory({ initial: 1, maximum: 1, get shared() { return lie || !(lie = true) } }).buffer.constructor === ArrayBuffer || (() => { throw new Error('shared') })(),
            construct: () => new WebAssembly.Memory.prototype.constructor({ initial: 1, maximum: 1, shared: true }),
            large: () => new WebAssembly.Memory({ initial: 20000 }),
            wait: () => Atomics.wait(new Int32Array(8), 0, 0, 60000),
        };
        return new Response(Object.entries(tries).map(([name, f]) => {
            try { f(); return `${name}: allowed` } catch (error) { return `${name}: ${error.name}` }
        }).join());
    } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(
        worker.get("/").text(),
        "200 buffer: allowed,atomics: TypeError,shared: TypeError,lying: allowed,construct: TypeError,large: RangeError,wait: TypeError"
    );
}

/// What packages look at when they are loaded (webidl-conversions), and what they may do with such a buffer.
#[test]
fn a_shared_array_buffer_is_a_buffer_of_the_app_alone() {
    let source = "const getter = (name) => Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, name).get;
        const lengthOf = getter('byteLength');
        const grows = getter('growable');
        const thrown = (run) => { try { run(); return 'nothing'; } catch (error) { return error.name; } };
        export default { fetch() {
            const buffer = new SharedArrayBuffer(4, { maxByteLength: 8 });
            const view = new Int32Array(buffer);
            Atomics.add(view, 0, 7);
            buffer.grow(8);
            const part = buffer.slice(0, 4);
            return Response.json([
                lengthOf.call(buffer), grows.call(buffer), buffer.maxByteLength, view[0], view.length, part.byteLength, new Int32Array(part)[0],
                part instanceof SharedArrayBuffer, buffer instanceof ArrayBuffer, `${buffer}`, 'resize' in buffer,
                thrown(() => lengthOf.call(new ArrayBuffer(8))), thrown(() => grows.call(null)), thrown(() => buffer.grow(4)),
                thrown(() => SharedArrayBuffer(8)), thrown(() => new SharedArrayBuffer(4).grow(8)),
                Object.getOwnPropertyDescriptor(globalThis, 'SharedArrayBuffer').enumerable,
            ]);
        } }";
    let mut worker = Worker::serving(&[("index.js", source)]);
    assert_eq!(
        worker.get("/").text(),
        "200 [8,true,8,7,2,4,7,true,false,\"[object SharedArrayBuffer]\",false,\"TypeError\",\"TypeError\",\"RangeError\",\"TypeError\",\"TypeError\",false]"
    );
}

/// What compiles WebAssembly must not give shared memory back: the attacks, as JavaScript that returns "made" if they
/// succeed. `shared`: a module that exports a shared memory of its own, `plain`: the same, not shared.
const WASM_ATTACKS: &str = r#"
    const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const exported = [7, 5, 1, 1, 0x6d, 2, 0];
    const shared = new Uint8Array([...header, 5, 4, 1, 3, 1, 2, ...exported]);
    const plain = new Uint8Array([...header, 5, 4, 1, 1, 1, 2, ...exported]);
    const importing = new Uint8Array([...header, 2, 9, 1, 1, 0x6d, 1, 0x6d, 2, 3, 1, 2, ...exported]);
    const second = new Uint8Array([...header, 5, 6, 2, 0, 1, 3, 1, 2, ...exported]);
    const wide = new Uint8Array([...header, 5, 4, 1, 7, 1, 2, ...exported]);
    const custom = new Uint8Array([...header, 0, 2, 1, 0x78, 5, 4, 1, 3, 1, 2]);
    const made = (module) => { new WebAssembly.Instance(module); return 'made' };
    const response = (bytes) => new Response(bytes, { headers: { 'content-type': 'application/wasm' } });
    class Sub extends WebAssembly.Module {}
    // Looks harmless until the options are read.
    const turning = (f) => { const bytes = plain.slice(); return f(bytes, { get builtins() { bytes.set(shared); return [] } }) };
    const growing = (f) => {
        const buffer = new ArrayBuffer(0, { maxByteLength: 64 });
        return f(buffer, { get builtins() { buffer.resize(shared.length); new Uint8Array(buffer).set(shared); return [] } });
    };
    const attacks = {
        module: () => made(new WebAssembly.Module(shared)),
        buffer: () => made(new WebAssembly.Module(shared.buffer)),
        view: () => made(new WebAssembly.Module(new DataView(shared.buffer))),
        offset: () => made(new WebAssembly.Module(new Uint8Array([9, ...shared, 9]).subarray(1, shared.length + 1))),
        importing: () => made(new WebAssembly.Module(importing)),
        second: () => made(new WebAssembly.Module(second)),
        custom: () => made(new WebAssembly.Module(custom)),
        subclass: () => made(new Sub(shared)),
        constructor: () => made(new (new WebAssembly.Module(plain).constructor)(shared)),
        reflected: () => made(Reflect.construct(WebAssembly.Module, [shared], Object)),
        compile: async () => made(await WebAssembly.compile(shared)),
        instantiate: async () => { await WebAssembly.instantiate(shared); return 'made' },
        validate: () => WebAssembly.validate(shared) ? 'made' : 'false',
        turning: () => new WebAssembly.Instance(turning((b, o) => new WebAssembly.Module(b, o))).exports.m.buffer instanceof ArrayBuffer,
        turningCompile: async () => new WebAssembly.Instance(await turning((b, o) => WebAssembly.compile(b, o))).exports.m.buffer instanceof ArrayBuffer,
        turningInstantiate: async () => (await turning((b, o) => WebAssembly.instantiate(b, {}, o))).instance.exports.m.buffer instanceof ArrayBuffer,
        growing: () => made(growing((b, o) => new WebAssembly.Module(b, o))),
        growingInstantiate: async () => { await growing((b, o) => WebAssembly.instantiate(b, {}, o)); return 'made' },
        streaming: async () => made(await WebAssembly.compileStreaming(response(shared))),
        instantiateStreaming: async () => { await WebAssembly.instantiateStreaming(response(shared)); return 'made' },
        streamed: async () => (await WebAssembly.instantiateStreaming(response(plain))).instance.exports.m.buffer instanceof ArrayBuffer,
        wide: () => made(new WebAssembly.Module(wide)),
    };
"#;

#[test]
fn webassembly_does_not_give_shared_memory_back() {
    let source = format!(
        "export default {{ async fetch() {{
            {WASM_ATTACKS}
            const lines = [];
            for (const [name, attack] of Object.entries(attacks)) {{
                try {{ lines.push(`${{name}}: ${{await attack()}}`) }} catch (error) {{ lines.push(`${{name}}: ${{error.name}}: ${{error.message}}`) }}
            }}
            return new Response(lines.join('\\n'));
        }} }}"
    );
    let mut worker = Worker::serving(&[("index.js", &source)]);
    let answer = worker.get("/").text();
    let refused = |what: &str| format!("CompileError: WebAssembly.{what}(): shared memory is not supported");
    for (attack, end) in [
        ("module", refused("Module")),
        ("buffer", refused("Module")),
        ("view", refused("Module")),
        ("offset", refused("Module")),
        ("importing", refused("Module")),
        ("second", refused("Module")),
        ("custom", refused("Module")),
        ("subclass", refused("Module")),
        ("constructor", refused("Module")),
        ("reflected", refused("Module")),
        ("wide", refused("Module")),
        ("compile", refused("compile")),
        ("instantiate", refused("instantiate")),
        ("validate", "false".to_owned()),
        ("turning", "true".to_owned()),
        ("turningCompile", "true".to_owned()),
        ("turningInstantiate", "true".to_owned()),
        ("growing", "CompileError: WebAssembly.Module(): BufferSource argument is empty".to_owned()),
        ("growingInstantiate", "CompileError: WebAssembly.instantiate(): BufferSource argument is empty".to_owned()),
        ("streaming", refused("compile")),
        ("instantiateStreaming", refused("instantiate")),
        ("streamed", "true".to_owned()),
    ] {
        let line = format!("{attack}: {end}");
        assert!(answer.lines().any(|l| l.trim_start_matches("200 ") == line), "{line}\n{answer}");
    }
}

#[test]
fn webassembly_works_within_its_limits() {
    let source = "export default { async fetch() {
        const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
        // (func (export 'f') (result i32) i32.const 42)
        const answer = new Uint8Array([...header, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 10, 6, 1, 4, 0, 0x41, 42, 0x0b]);
        const lines = [];
        const tell = async (name, f) => {
            try { lines.push(`${name}: ${await f()}`) } catch (error) { lines.push(`${name}: ${error.name} ${error.message}`) }
        };
        await tell('instance', () => new WebAssembly.Instance(new WebAssembly.Module(answer)).exports.f());
        await tell('compile', async () => WebAssembly.Module.exports(await WebAssembly.compile(answer))[0].name);
        await tell('instantiate', async () => (await WebAssembly.instantiate(answer)).instance.exports.f());
        await tell('of module', async () => (await WebAssembly.instantiate(await WebAssembly.compile(answer))).exports.f());
        await tell('validate', () => [WebAssembly.validate(answer), WebAssembly.validate(answer.subarray(1)), WebAssembly.validate(new Uint8Array(0))]);
        await tell('instanceof', async () => (await WebAssembly.compile(answer)) instanceof WebAssembly.Module);
        await tell('malformed', () => new WebAssembly.Module(answer.subarray(0, 20)));
        await tell('rejected', () => WebAssembly.compile(1));
        await tell('no argument', () => new WebAssembly.Module());
        await tell('unaltered', () => (new WebAssembly.Module(answer), answer.byteLength));
        await tell('shape', () => ['compile', 'validate', 'instantiate'].map((name) => name + WebAssembly[name].name + WebAssembly[name].length));
        await tell('large', () => new WebAssembly.Memory({ initial: 20000 }));
        await tell('large64', () => new WebAssembly.Memory({ initial: 20000n, address: 'i64' }));
        const declares = (...memory) => new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([...header, 5, memory.length, ...memory])));
        await tell('declared', () => declares(1, 0, 0xa0, 0x9c, 1));
        await tell('declared64', () => declares(1, 4, 0xa0, 0x9c, 1));
        await tell('module size', () => new WebAssembly.Module(new Uint8Array(65 << 20)));
        await tell('table', () => new WebAssembly.Table({ element: 'anyfunc', initial: 2e6 }));
        return new Response(lines.join('\\n'));
    } }";
    let boot = Boot { limits: RuntimeLimits { memory: 256 << 20, ..limits() }, ..boot("index.js") };
    let mut worker = Worker::serving_with(&[("index.js", source)], boot);
    let answer = worker.get("/").text();
    for line in [
        "200 instance: 42",
        "compile: f",
        "instantiate: 42",
        "of module: 42",
        "validate: true,false,false",
        "instanceof: true",
        "unaltered: 34",
        "shape: compilecompile1,validatevalidate1,instantiateinstantiate1",
    ] {
        assert!(answer.lines().any(|l| l == line), "{line}\n{answer}");
    }
    for (name, error) in [
        ("malformed", "CompileError"),
        ("rejected", "TypeError"),
        ("no argument", "TypeError"),
        ("large", "RangeError"),
        ("large64", "RangeError"),
        ("declared", "RangeError"),
        ("declared64", "RangeError"),
        ("module size", "CompileError"),
        ("table", "RangeError"),
    ] {
        let start = format!("{name}: {error}");
        assert!(answer.lines().any(|l| l.starts_with(&start)), "{start}\n{answer}");
    }
}
