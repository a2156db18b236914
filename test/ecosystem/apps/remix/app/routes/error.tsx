export const loader = async () => {
    throw new Error("broken");
};
export default function E() {
    return null;
}
