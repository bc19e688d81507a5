/** A problem that a person can mend (a busy port, a missing program): shown as one line, without a stack trace. */
export class ExpectedError extends Error {
  override readonly name = "ExpectedError";
}

/** An answer that is an error: HTTP status and a text with its Redis prefix. */
export class RestError extends Error {
  override readonly name = "RestError";
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
