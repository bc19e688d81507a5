import { readLimiters } from "../limiter/described/read-limiters.ts";
import { type NewRule, openRules } from "../rules/open-rules.ts";
import { ruleIndexOf } from "../rules/rule-index.ts";
import { RulesChangedError } from "../rules/rules-changed.ts";
import { json } from "./answers.ts";
import type { Database } from "./database.ts";
import { limiterFrom } from "./described-limiter.ts";
import { keyStates } from "./key-state.ts";

/** What a page asks for, as it came: nothing of it is checked yet. */
type Asked = Readonly<Record<string, unknown>>;

/** Does what a page asks for; `by` is who operates it, if the page need not say. */
type Action = (database: Database, asked: Asked, by: string | undefined) => Promise<Response>;

/** The longest key, in UTF-16 units, that a page may ask for. */
const LONGEST_KEY = 16_384;

/**
 * What comes by POST, by path: all that has to do with a key, which may tell who somebody is. Addresses get into logs, bodies
 * don't.
 */
export const actions: Readonly<Record<string, Action>> = {
  "api/key": async (database, { key }) => {
    if (!isKey(key)) return json(NO_KEY, 400);
    const limiters = await readLimiters(database);
    // What lies in the rules' place must not hide the counts.
    const { rules, rulesError } = await openRules(database)
      .list()
      .then((rules) => ({ rules, rulesError: undefined }))
      .catch((error: Error) => ({ rules: [], rulesError: error.message }));
    return json({ limiters: await keyStates(database, limiters, ruleIndexOf(rules), key), rulesError });
  },

  "api/reset": (database, { limiter, key }) =>
    onKey(database, limiter, key, async (found, key) => {
      await found.reset(key);
      return { reset: key, limiter };
    }),

  "api/block": (database, { limiter, key, forMs }) =>
    onKey(database, limiter, key, async ({ name, block }, key) => {
      if (!block) throw new TypeError(`${name} has no penalty, so it can't block a key; a rule can`);
      const { blockedUntil: until } = await block(key, forMs as number);
      return { blocked: key, limiter, until };
    }),

  "api/rules/add": (database, { rule, version, force }, by) =>
    changed(async () => {
      if (typeof version !== "string") throw new TypeError("version must be that of the rules which the page shows");
      // Who operates is not the page's to say where the server knows.
      const whole = { ...(rule as NewRule), ...(by !== undefined && { by }) };
      return openRules(database).add(whole, { version, force: force === true });
    }),

  "api/rules/remove": (database, { id, version, by: said }, by = said as string | undefined) =>
    changed(async () => {
      if (typeof version !== "string") throw new TypeError("version must be that of the rules which the page shows");
      const rule = await openRules(database).remove(id as number, { by, version });
      return rule && { rule, warnings: [] };
    }),
};

const NO_KEY = { error: `key is text of 1 to ${LONGEST_KEY} characters` };

const isKey = (key: unknown): key is string => typeof key === "string" && key.length >= 1 && key.length <= LONGEST_KEY;

/** The answer to what is done to a key in the limiter of that name. */
async function onKey(
  database: Database,
  limiter: unknown,
  key: unknown,
  act: (limiter: ReturnType<typeof limiterFrom>, key: string) => Promise<object>,
): Promise<Response> {
  if (!isKey(key)) return json(NO_KEY, 400);
  const description = (await readLimiters(database)).find(({ name }) => name === limiter);
  if (!description) return json({ error: "No limiter of that name has described itself to this Redis" }, 404);
  return changed(() => act(limiterFrom(database, description), key));
}

/** The answer to a change; what the operator can mend is told in words. */
async function changed(change: () => Promise<object | undefined>): Promise<Response> {
  try {
    const done = await change();
    return done ? json(done) : json({ error: "There is no such rule any more" }, 404);
  } catch (error) {
    if (error instanceof RulesChangedError) return json({ error: error.message }, 409);
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    // What can't be meant is taken by force.
    return json({ error: error.message }, error.message.startsWith("Refused: ") ? 422 : 400);
  }
}
