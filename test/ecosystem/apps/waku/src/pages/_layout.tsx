export default async function Layout({ children }: any) {
    return <div id="layout">{children}</div>;
}
export const getConfig = async () => ({ render: "static" }) as const;
