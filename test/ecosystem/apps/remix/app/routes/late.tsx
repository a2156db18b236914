import { Suspense } from "react";
import { Await, useLoaderData } from "@remix-run/react";
export const loader = async () => ({ now: "now", late: new Promise((r) => setTimeout(() => r("late"), 40)) });
export default function Late() {
    const d: any = useLoaderData();
    return (
        <div>
            {d.now}
            <Suspense fallback={<i>wait</i>}>
                <Await resolve={d.late}>{(v: any) => <b>{v}</b>}</Await>
            </Suspense>
        </div>
    );
}
