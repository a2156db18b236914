import Link from "next/link";
import Image from "next/image";
import Counter from "./counter";
export default function Page() {
    return (
        <main>
            <h1>Home</h1>
            <Counter />
            <Link href="/items/1">one</Link>
            <Image src="/dot.png" width="16" height="16" alt="dot" />
        </main>
    );
}
