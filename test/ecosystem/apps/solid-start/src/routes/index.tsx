import { createAsync, query } from "@solidjs/router";

const about = query(async () => {
  "use server";
  return new Promise<string>((resolve) => setTimeout(resolve, 2, "from the server"));
}, "about");
export default function Home() {
  const text = createAsync(() => about());
  return <h1>hello {text()}</h1>;
}
