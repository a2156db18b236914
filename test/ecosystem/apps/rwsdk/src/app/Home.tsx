import { Counter } from "./Counter";
export function Home({ ctx }: any) {
    return (
        <main>
            <h1>Home {ctx.user}</h1>
            <Counter />
        </main>
    );
}
