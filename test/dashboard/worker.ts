// The Worker of workerd.test.ts: the dashboard below a path, behind a header that stands for a login.
import { dashboard } from "sluice/dashboard";
import { upstashClient } from "sluice/upstash";

interface Bindings {
  url: string;
  token: string;
  namespace: string;
}

export default {
  fetch(request: Request, { url, token, namespace }: Bindings): Promise<Response> {
    const authorize = ({ headers }: Request) => headers.get("x-user") === "operator";
    return dashboard({ redis: upstashClient({ url, token }), namespace, authorize, path: "/ops" })(request);
  },
};
