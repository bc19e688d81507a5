/** A figure that the project set out to reach, with what it came to, reached or not. */
export interface Target {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
  /** Why it is not reached, where it is not. */
  readonly why: string;
}
