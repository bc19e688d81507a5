import type { Happening } from "../world/history.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import type { Complaint, Hearing, Judge } from "./judge.ts";

/** Shows everything that happens to every judge. */
export interface Court {
  readonly complaints: readonly Complaint[];
  see(happening: Happening): void;
}

export function openCourt(judges: readonly Judge[]): Court {
  const accounts = createAccounts();
  const complaints: Complaint[] = [];
  const seats = judges.map((judge) => ({ see: judge.see, hearing: hearingOf(judge, accounts, complaints) }));
  return {
    complaints,
    see(happening) {
      const rulings = accounts.see(happening);
      for (const { see, hearing } of seats) {
        hearing.happening = happening;
        hearing.rulings = rulings;
        see(happening, hearing);
      }
    },
  };
}

/** A judge's own, made once: to make a function for each happening costs more than most judges do. */
function hearingOf({ name, promise }: Judge, accounts: Accounts, complaints: Complaint[]) {
  const hearing: { -readonly [Name in keyof Hearing]: Hearing[Name] } & { happening: Happening | undefined } = {
    rulings: [],
    accounts,
    happening: undefined,
    complain: (text) => void complaints.push({ judge: name, promise, text, happening: hearing.happening as Happening }),
  };
  return hearing;
}
