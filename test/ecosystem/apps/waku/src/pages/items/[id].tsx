export default async function Item({ id }: any) {
    if (id === "error") throw new Error("broken");
    return <p>item {id}</p>;
}
export const getConfig = async () => ({ render: "dynamic" }) as const;
