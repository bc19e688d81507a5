import { broken, type Mutation, type Mutations } from "./mutations.ts";

/** The parts of a penalty, which both scripts include: broken in one of them, whose test meets the rarest of them in every run. */
const penaltyMutations: readonly Mutation[] = [
  broken("what is further ahead than any block is believed", [" and blocked < asked + 2^35", ""]),
  broken("a block as far ahead as can be is nobody's", ["blocked < asked + 2^35", "blocked < asked + 2^35 - 1"]),
  broken("a strike counts for 1 ms too long", ["<= time - within do", "< time - within do"]),
  broken("a strike counts for 1 ms less", ["<= time - within do", "<= time - within + 1 do"]),
  broken("one strike too many is needed", ["#strikes >= 6 * args[at + 2]", "#strikes > 6 * args[at + 2]"]),
  broken("strikes are dated before the newest", ["math.max(asked, newest), 0,", "asked, 0,"]),
  broken("a look is a strike", ["elseif task == 's' and denied then", "elseif task ~= 'b' and denied then"]),
  broken("what is admitted is a strike", ["elseif task == 's' and denied then", "elseif task == 's' then"]),
  broken("a denial of what is blocked is a strike", [
    "elseif task == 's' and denied then",
    "end\nif task == 's' and denied then",
  ]),
  broken("what is booked is denied", ["if task ~= 'b' then allowed", "if true then allowed"]),
  broken("a block lasts 1 ms longer", ["and blocked > asked then", "and blocked >= asked then"]),
  broken("no step is ever forgotten", ["if time > blocked then steps", "if false then steps"]),
  broken("a step is forgotten 1 ms late", [
    "math.floor((time - blocked) / within)",
    "math.floor((time - blocked - 1) / within)",
  ]),
  broken("blocks at their longest are steps on and on", ["if length < most and factor > 1 then", "if factor > 1 then"]),
  broken("strikes from before a block count after it", [
    "math.max(blocked, time + length), '', 0,",
    "math.max(blocked, time + length), strikes, 0,",
  ]),
  broken("a block's begin is not told of", ["told = -blocked", "told = blocked"]),
  broken("what is kept ends with the block, and its steps", ["blocked + steps * within - asked", "blocked - asked"]),
  broken("what is kept ends with the counts", ["if life > ends[k] then ends[k] = life end", ""]),
  broken("what is kept goes as soon as nothing of it counts", [
    "math.min(lefts[k], 1e13) + GRACE",
    "math.min(lefts[k], 1e13)",
  ]),
  broken("what no longer counts is kept", ["if marks[k] and lefts[k] > 0 then", "if marks[k] then"]),
];

/** What is in both scripts, but in no part. */
const jointMutations: readonly Mutation[] = [
  broken("what another key denies is a strike of this one", [
    "local denied = not allowed",
    "local denied = not (allowed and others)",
  ]),
  broken("the last key alone decides", ["allowed = others and allowed", ""]),
  broken("the counts end with their key, however long that outlives them", ["- (mark and mark[2] or 0)", ""]),
];

/** What key-set.lua has besides, for penalties. */
export const keySetStrikesMutations: Mutations = {
  file: "key-set-strikes.lua",
  words: "penalty",
  tests: ["test/algorithm/penalty/stored.test.ts", "test/algorithm/penalty/model.test.ts"],
  list: [
    ...penaltyMutations,
    ...jointMutations,
    broken("a block is longer than the longest", ["math.min(most, length * factor)", "length * factor"]),
    broken("a block shortens the one before it", ["math.max(blocked, time + length)", "time + length"]),
    broken("a block by hand is a step", ["if task == 's' then\n    for", "if true then\n    for"]),
    broken("a strike is not written", ["if allowed or writes[k] then", "if allowed then"]),
    broken("a denial writes every key", ["if allowed or writes[k] then", "if true then"]),
    broken("a strike writes what the call would have come to", [
      "form, ends[k] = 'denied', stays[k]",
      "ends[k] = stays[k]",
    ]),
    broken("a strike gives the counts the end that they would have", [
      "form, ends[k] = 'denied', stays[k]",
      "form = 'denied'",
    ]),
    broken("a strike gives what a clock ahead took a new end", ["0 or ahead or", "0 or"]),
    broken("a strike lets whole buckets live on", ["lasts = used > 0 and math.max", "lasts = true and math.max"]),
    broken("a bucket ends with its window, however long it refills", [
      "math.max(window, math.ceil(math.max(full, used) / pace))",
      "window",
    ]),
    broken("a denial tells what it would have come to", ["return allowed and new or old", "return new"]),
  ],
};

/** What grants.lua has besides. */
export const grantsStrikesMutations: Mutations = {
  file: "grants-strikes.lua",
  words: "penalty",
  tests: ["test/algorithm/penalty/grants.test.ts"],
  list: [
    ...jointMutations,
    broken("a strike is not written", ["or backs[k] or writes[k] then", "or backs[k] then"]),
    broken("a denial returns before its strike is written", ["(allowed or brings or struck)", "(allowed or brings)"]),
    broken("only the last key's strike is written", ["told, told, struck or writes[k]", "told, told, writes[k]"]),
    broken("a denial forgets what came back", [
      "if allowed or backs[k] or writes[k] then",
      "if allowed or writes[k] then",
    ]),
    broken("a denial that strikes forgets what came back", [
      "if not (allowed or backs[k]) then",
      "if not allowed then",
    ]),
    broken("a denial that strikes writes the counts as of now", ["if not (allowed or backs[k]) then", "if false then"]),
    broken("a strike gives what a clock ahead took a new end", ["or aheads[k] or ends[k]", "or ends[k]"]),
    broken("strikes live as long as counts that are not there", ["value == '' and 0 or aheads", "aheads"]),
    broken("the end of a block is written as a count", ["if marks[k] then to = to - 1 end", ""]),
  ],
};
