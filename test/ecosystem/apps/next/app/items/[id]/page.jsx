import { headers, cookies } from "next/headers";
import { notFound } from "next/navigation";
export async function generateMetadata({ params }) {
    return { title: `Item ${(await params).id}` };
}
export default async function Item({ params, searchParams }) {
    const { id } = await params;
    if (id === "404") notFound();
    if (id === "error") throw new Error("broken item");
    const jar = await cookies();
    return (
        <p>
            item {id} q={(await searchParams).q ?? "none"} ua={(await headers()).get("user-agent")} cookie={jar.get("a")?.value ?? "-"} mw=
            {(await headers()).get("x-mw")}
        </p>
    );
}
