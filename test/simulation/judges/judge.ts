import type { Happening } from "../world/history.ts";
import type { Accounts, Ruling } from "./accounts.ts";

/** Holds a world to one promise. It sees what happens and nothing else, and imports nothing of src/ but types. */
export interface Judge {
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly promise: string;
  see(happening: Happening, hearing: Hearing): void;
}

/** What judges share, and where they complain. */
export interface Hearing {
  /** What the definitions say of each step of what happened; the accounts are those after it. */
  readonly rulings: readonly Ruling[];
  readonly accounts: Accounts;
  complain(text: string): void;
}

/** A promise that was broken. */
export interface Complaint {
  readonly judge: string;
  readonly promise: string;
  readonly text: string;
  readonly happening: Happening;
}
