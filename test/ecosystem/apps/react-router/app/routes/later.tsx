import { Suspense, use } from "react";

export const loader = () => ({ later: new Promise<string>((resolve) => setTimeout(resolve, 5, "later")) });
function Later({ of }: { of: Promise<string> }) {
  return <b>{use(of)}</b>;
}
export default function Page({ loaderData }: { loaderData: { later: Promise<string> } }) {
  return <Suspense fallback={<i>waits</i>}><Later of={loaderData.later} /></Suspense>;
}
