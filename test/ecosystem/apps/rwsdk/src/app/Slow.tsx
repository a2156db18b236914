import { Suspense } from "react";
async function Late() {
    await new Promise((r) => setTimeout(r, 60));
    return <b>late</b>;
}
export function Slow() {
    return (
        <div>
            <i>early</i>
            <Suspense fallback={<u>wait</u>}>
                <Late />
            </Suspense>
        </div>
    );
}
