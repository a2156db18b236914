import { index, route } from "@react-router/dev/routes";

export default [index("routes/home.tsx"), route("items/:id", "routes/item.tsx"), route("api/:id", "routes/api.ts"), route("form", "routes/form.tsx"), route("later", "routes/later.tsx")];
