import { redirect } from "next/navigation";
import { cookies } from "next/headers";
export const dynamic = "force-dynamic";
async function save(data) {
    "use server";
    (await cookies()).set("saved", String(data.get("name")));
    redirect("/items/" + data.get("name"));
}
export default function Page() {
    return (
        <form action={save}>
            <input name="name" />
            <button>go</button>
        </form>
    );
}
