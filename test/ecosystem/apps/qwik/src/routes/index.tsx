import { $, component$, useSignal } from "@builder.io/qwik";
import { Link } from "@builder.io/qwik-city";

export default component$(() => {
    const count = useSignal(0);
    return (
        <div>
            <button onClick$={$(() => count.value++)}>{count.value}</button>
            <Link href="/late/">late</Link>
        </div>
    );
});
