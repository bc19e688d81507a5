import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, inject, test } from "vitest";
import { fixedWindow } from "../../../src/algorithm/policy.ts";
import { writeDescription } from "../../../src/limiter/described/descriptions.ts";
import type { Rule } from "../../../src/rules/rule.ts";
import { redisStore } from "../../../src/store/redis.ts";
import { upstashClient } from "../../../src/store/upstash.ts";
import { uniqueName } from "../../support/redis.ts";
import { SLUICE, startCommand, startSluice } from "./sluice.ts";

const [url, token] = [inject("restUrl"), inject("restToken")];
const database = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
const folder = await mkdtemp(join(tmpdir(), "sluice-rules-"));
afterAll(() => rm(folder, { recursive: true }));

let namespace: string;
beforeEach(() => {
  namespace = uniqueName();
});

const rules = (...args: string[]) =>
  startSluice(["rules", ...args], { ...database, SLUICE_NAMESPACE: namespace, TZ: "UTC" }).ended;

async function listed(): Promise<Rule[]> {
  const { out } = await rules("list", "--json");
  return JSON.parse(out);
}

test("blocks, allows, limits, lists, removes and tells what was done, as tables and as JSON", async () => {
  const blocked = await rules("block", "login", "203.0.113.7/24", "--for", "1h", "--why", "spraying", "--by", "ann");
  expect(blocked.code).toBe(0);
  expect(blocked.err).toBe('sluice: warning: no limiter "login" has been seen here within 30 days; seen: none\n');
  const at = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ";
  expect(blocked.out).toMatch(
    new RegExp(
      `^ID  WHAT   LIMITER  FOR                     UNTIL +BY   WHY\n1   block  login    network 203.0.113.0/24  ${at}  ann  spraying\n$`,
    ),
  );
  expect((await rules("allow", "--all", "--key", "10.0.0.1", "--by", "bob")).code).toBe(0);
  expect((await rules("limit", "api", "tenant:*", "daily=50000", "a=b=7", "--json")).out).toContain('"a=b": 7');
  expect(await listed()).toMatchObject([
    { id: 1, what: "block", limiter: "login", network: "203.0.113.0/24", why: "spraying", by: "ann" },
    { id: 2, what: "allow", key: "10.0.0.1", by: "bob" },
    { id: 3, what: "limit", limiter: "api", pattern: "tenant:*", limits: { daily: 50_000, "a=b": 7 } },
  ]);
  expect(await listed()).toMatchObject([{}, expect.not.objectContaining({ limiter: expect.anything() }), {}]);
  expect((await rules("list")).out.split("\n")).toHaveLength(5);
  expect((await rules("remove", "1", "--by", "bob")).out).toContain("203.0.113.0/24");
  expect((await listed()).map(({ id }) => id)).toEqual([2, 3]);
  const history = (await rules("history")).out.split("\n");
  expect(history.map((line) => line.split(/ {2,}/).slice(1, 4))).toEqual([
    ["CHANGE", "BY", "ID"],
    ["remove", "bob", "1"],
    ["add", expect.any(String), "3"],
    ["add", "bob", "2"],
    ["add", "ann", "1"],
    [],
  ]);
});

describe("what can't be done is one line and exit code 1", () => {
  test.each<[string[], RegExp]>([
    [["block"], /^sluice: name a limiter, or say --all\n$/],
    [["block", "api"], /^sluice: say for which key, --pattern or --network\n$/],
    [["block", "api", "k", "more"], /^sluice: too many words: more\n$/],
    [["block", "--all", "*"], /^sluice: Refused: the pattern \* is every key.+; --force takes it all the same\n$/],
    [["allow", "api", "0.0.0.0/0"], /^sluice: Refused: 0\.0\.0\.0\/0 is every address; --force/],
    [["limit", "api", "k"], /^sluice: say which limits, as in daily=5000\n$/],
    [["limit", "api", "k", "daily"], /^sluice: a limit is <policy>=<whole number>, not "daily"\n$/],
    [
      ["limit", "seen", "k", "daily=1"],
      /^sluice: Refused: limiter "seen" has no policy "daily"; it has "quota"; --force/,
    ],
    [["block", "api", "k", "--for", "soon"], /^sluice: for must be .+, not "soon"\n$/],
    [["block", "a/b", "k"], /^sluice: limiter must be .+, not "a\/b"\n$/],
    [["block", "api", "--key", "a", "--pattern", "a*"], /^sluice: A rule must have one of key, pattern and network\n$/],
    [["remove", "77"], /^sluice: there is no rule 77\n$/],
    [["remove", "x"], /^error: .+The number of a rule is due.+\n$/],
  ])("%j", async (args, message) => {
    const { signal } = new AbortController();
    const policies = [fixedWindow({ name: "quota", limit: 5, window: "1 d" })];
    const store = redisStore(upstashClient({ url, token }), { namespace });
    await writeDescription(store, { name: "seen", policies }, Date.now(), signal);
    const { code, out, err } = await rules(...args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(message);
  });

  test("a database that is not named, or away", async () => {
    const unnamed = await startSluice(["rules", "list"]).ended;
    expect([unnamed.code, unnamed.err]).toEqual([
      1,
      "sluice: UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN must be set, in the environment or in .env in this folder\n",
    ]);
    const away = await startSluice(["rules", "list"], { ...database, UPSTASH_REDIS_REST_URL: "http://127.0.0.1:1" })
      .ended;
    expect([away.code, away.err]).toEqual([1, "sluice: Redis could not be reached\n"]);
    const wrong = await startSluice(["rules", "list"], { ...database, UPSTASH_REDIS_REST_URL: "localhost" }).ended;
    expect([wrong.code, wrong.err]).toEqual([
      1,
      'sluice: UPSTASH_REDIS_REST_URL must be an http or https URL, not "localhost"\n',
    ]);
  });
});

test("--force takes what is refused, with a warning", async () => {
  const { code, err, out } = await rules("block", "--all", "*", "--force");
  expect(code).toBe(0);
  expect(err).toMatch(/^sluice: warning: the pattern \* is every key/);
  expect(out).toContain("pattern *");
});

test("the database may be named in .env", async () => {
  await writeFile(join(folder, ".env"), `UPSTASH_REDIS_REST_URL=${url}\nUPSTASH_REDIS_REST_TOKEN=${token}\n`);
  const command = `cd '${folder}' && exec ${SLUICE.map((word) => `'${word}'`).join(" ")} rules list --namespace ${namespace}`;
  const withTsx = command.replace("'tsx'", `'${import.meta.resolve("tsx")}'`);
  expect(await startCommand(["sh", "-c", withTsx], {}).ended).toMatchObject({ code: 0, out: "no rules\n" });
});
