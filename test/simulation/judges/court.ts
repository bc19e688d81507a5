import type { Happening } from "../world/history.ts";
import { createAccounts } from "./accounts.ts";
import type { Complaint, Judge } from "./judge.ts";

/** Shows everything that happens to every judge. */
export interface Court {
  readonly complaints: readonly Complaint[];
  see(happening: Happening): void;
}

export function openCourt(judges: readonly Judge[]): Court {
  const accounts = createAccounts();
  const complaints: Complaint[] = [];
  return {
    complaints,
    see(happening) {
      const rulings = accounts.see(happening);
      for (const { name, promise, see } of judges) {
        const complain = (text: string) => void complaints.push({ judge: name, promise, text, happening });
        see(happening, { rulings, accounts, complain });
      }
    },
  };
}
