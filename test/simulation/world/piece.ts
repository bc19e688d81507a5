import type { CallMade } from "./history.ts";

/** The piece of work that a call is about: the number of the call that asked for it first. */
export const pieceOf = ({ id, of }: CallMade): number => of?.id ?? id;
