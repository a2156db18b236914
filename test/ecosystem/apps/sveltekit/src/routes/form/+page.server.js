import { fail, redirect } from "@sveltejs/kit";

export const actions = {
  default: async ({ request, cookies }) => {
    const form = await request.formData();
    if (!form.get("name")) return fail(400, { missing: true });
    cookies.set("user", String(form.get("name")), { path: "/" });
    redirect(303, "/");
  },
};
