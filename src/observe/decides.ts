import type { Operation } from "../core/event.ts";

const DECIDING: ReadonlySet<Operation> = new Set<Operation>(["consume", "wait", "reserve", "hold"]);

/** Whether an operation lets its caller pass or not; looking, booking and giving back decide nothing. */
export const decides = (operation: Operation): boolean => DECIDING.has(operation);
