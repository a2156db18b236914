import { component$ } from "@builder.io/qwik";
import { routeAction$, routeLoader$, Form, zod$, z } from "@builder.io/qwik-city";
export const useData = routeLoader$(async ({ query }) => ({ q: query.get("q") }));
export const useSave = routeAction$(async (data) => ({ saved: data.name }), zod$({ name: z.string().min(2) }));
export default component$(() => {
    const d = useData();
    const s = useSave();
    return (
        <Form action={s}>
            <p>{d.value.q}</p>
            <input name="name" />
            {s.value?.saved && <b>{s.value.saved}</b>}
            {s.value?.failed && <i>{s.value.fieldErrors?.name}</i>}
        </Form>
    );
});
