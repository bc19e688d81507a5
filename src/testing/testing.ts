export { exhaust } from "./exhaust.ts";
export { type OutageStore, outageStore } from "./outage-store.ts";
export { type TestClock, testClock } from "./test-clock.ts";
export { type TestStore, testStore } from "./test-store.ts";
