import {
  buildSchema,
  type DefinitionNode,
  type FieldNode,
  type FragmentDefinitionNode,
  graphql,
  Kind,
  parse,
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";
import { createLimiter, memoryStore, slidingWindow } from "sluice";
import { withRateLimit } from "sluice/fetch";

const limiter = createLimiter({
  name: "graphql",
  store: memoryStore(),
  policies: [slidingWindow({ name: "fields", limit: 1000, window: "1 m" })],
});

/** More than any quota gives. */
const TOO_MUCH = 10_000;

/** Deeper ones are refused: fragments may name each other in a circle. */
const MOST_LEVELS = 50;

/**
 * The selections of a query, each as often as the lists around it may be long (`first: 50`); 1 for what can't be read, which the
 * server refuses itself.
 */
export function costOf(query: string, variables: Record<string, unknown> = {}): number {
  const definitions = definitionsOf(query);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  let cost = 1;

  function add(set: SelectionSetNode | undefined, times: number, level: number): void {
    if (level > MOST_LEVELS) cost = TOO_MUCH;
    for (const selection of set?.selections ?? []) {
      if (cost >= TOO_MUCH) return;
      cost += times;
      if (selection.kind === Kind.FIELD) add(selection.selectionSet, times * lengthOf(selection, variables), level + 1);
      else if (selection.kind === Kind.INLINE_FRAGMENT) add(selection.selectionSet, times, level + 1);
      else add(fragments.get(selection.name.value)?.selectionSet, times, level + 1);
    }
  }

  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) add(definition.selectionSet, 1, 1);
  }
  return Math.min(TOO_MUCH, cost);
}

function definitionsOf(query: string): readonly DefinitionNode[] {
  try {
    return parse(query, { maxTokens: 5000 }).definitions;
  } catch {
    return [];
  }
}

function lengthOf(field: FieldNode, variables: Record<string, unknown>): number {
  const first = field.arguments?.find(({ name }) => name.value === "first")?.value;
  if (!first) return 1;
  const length = first.kind === Kind.VARIABLE ? variables[first.name.value] : valueFromASTUntyped(first);
  // A variable that is left out may have any default.
  return typeof length === "number" ? Math.max(1, Math.floor(length)) : TOO_MUCH;
}

const schema = buildSchema("type Query { items(first: Int): [Item] } type Item { id: ID name: String }");
const rootValue = { items: ({ first = 1 }) => Array.from({ length: first }, (_, id) => ({ id, name: `item ${id}` })) };

export const fetchGraphql = withRateLimit(
  async (request: Request) => {
    const { query, variables } = await request.json();
    return Response.json(await graphql({ schema, rootValue, source: query, variableValues: variables }));
  },
  {
    limiter,
    key: (request) => request.headers.get("x-user") ?? "nobody",
    cost: async (request) => {
      const { query, variables } = await request.clone().json();
      return costOf(query, variables ?? {});
    },
    onError: () => new Response("No query", { status: 400 }),
  },
);
