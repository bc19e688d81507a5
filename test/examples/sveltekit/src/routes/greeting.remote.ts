import { query } from "$app/server";

export const greeting = query(() => "hello from afar");
