import type { Dialects } from "sluice/fetch";
import { draft6Fields, draft7Fields, legacyFields, standardFields } from "sluice/fetch";

/** What `headers` may be, under the names that the documentation's samples have. */
export const DIALECTS = {
  standardFields,
  legacyFields,
  draft6Fields,
  draft7Fields,
  both: [standardFields, legacyFields],
} as const satisfies Record<string, Dialects>;

export type DialectName = keyof typeof DIALECTS;
