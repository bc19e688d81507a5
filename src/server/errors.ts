/** A problem that a person can mend (a busy port, a missing program): shown as one line, without a stack trace. */
export class ExpectedError extends Error {
  override readonly name = "ExpectedError";
}

/** An answer of this server that is an error: HTTP status and a text with its Redis prefix. */
export class RestError extends Error {
  override readonly name = "RestError";
  readonly status: 400 | 401 | 405 | 408 | 413 | 500 | 503;
  constructor(status: RestError["status"], message: string) {
    super(message);
    this.status = status;
  }
}
