/** A response of `fetch`, whose headers can't be changed. */
export const GET = () => fetch("data:text/plain,proxied");
