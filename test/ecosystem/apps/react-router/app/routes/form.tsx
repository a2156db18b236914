import { Form, data, redirect } from "react-router";

export async function action({ request }: { request: Request }) {
  const form = await request.formData();
  if (!form.get("name")) return data({ missing: true }, { status: 400 });
  return redirect("/", { headers: { "set-cookie": `name=${form.get("name")}; Path=/` } });
}
export default function Page({ actionData }: { actionData?: { missing: boolean } }) {
  return <Form method="post">{actionData?.missing ? <b>missing</b> : null}<input name="name" /></Form>;
}
