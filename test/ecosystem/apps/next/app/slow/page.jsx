import { Suspense } from "react";
export const dynamic = "force-dynamic";
async function Slow() {
    await new Promise((r) => setTimeout(r, 150));
    return <b>late</b>;
}
export default function Page() {
    return (
        <div>
            <i>early</i>
            <Suspense fallback={<u>wait</u>}>
                <Slow />
            </Suspense>
        </div>
    );
}
