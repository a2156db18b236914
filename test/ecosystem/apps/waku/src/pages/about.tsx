export default async function About() {
    return <p>about</p>;
}
export const getConfig = async () => ({ render: "static" }) as const;
