/** Somebody else has changed the rules since they were read, so that nothing was written. */
export class RulesChangedError extends Error {
  override readonly name = "RulesChangedError";

  constructor() {
    super("The rules have changed since they were read");
  }
}
