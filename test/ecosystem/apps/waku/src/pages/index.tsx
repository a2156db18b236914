import { Suspense } from "react";
import { Counter } from "../components/counter";
async function Late() {
    await new Promise((r) => setTimeout(r, 60));
    return <b>late</b>;
}
export default async function Home() {
    return (
        <div>
            <title>Home</title>
            <Counter />
            <Suspense fallback="wait">
                <Late />
            </Suspense>
        </div>
    );
}
export const getConfig = async () => ({ render: "dynamic" }) as const;
