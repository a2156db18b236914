import { component$, Resource, useResource$ } from "@builder.io/qwik";
export default component$(() => {
    const r = useResource$(async () => {
        await new Promise((x) => setTimeout(x, 50));
        return "late";
    });
    return (
        <div>
            <i>early</i>
            <Resource value={r} onResolved={(v) => <b>{v}</b>} />
        </div>
    );
});
