/** So many steps are queued at once, since a turn of the event loop costs several times what a step does. */
const BATCH = 256;

const { setImmediate } = globalThis;

/**
 * Takes one step after the other until one returns false; rejects with what one throws. Between two steps everything
 * settles that waits for nothing but promises: Node empties its queue of microtasks after each immediate. `pause` is called
 * before the event loop gets to anything else.
 */
export function runToEnd(step: () => boolean, pause: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const turn = () => {
      if (ended) return;
      try {
        if (step()) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      ended = true;
      pause();
    };
    const fill = () => {
      pause();
      if (ended) return;
      for (let i = 0; i < BATCH; i += 1) setImmediate(turn);
      setImmediate(fill);
    };
    fill();
  });
}
