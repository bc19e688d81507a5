import { type Actions, fail, type ServerLoad } from "@sveltejs/kit";

export const load: ServerLoad = async ({ cookies, fetch, setHeaders }) => {
  setHeaders({ "x-own": "page" });
  cookies.set("seen", "yes", { path: "/" });
  const { hello } = await fetch("/api/hello").then((response) => response.json());
  return { hello };
};

export const actions: Actions = {
  default: async ({ request }) => {
    const name = (await request.formData()).get("name");
    return name ? { name: `${name}` } : fail(400, { name: "missing" });
  },
};
