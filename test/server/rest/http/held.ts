import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How many bytes it takes to keep what `make` gives, garbage collected. */
export async function heldBy(make: () => unknown): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = async () => {
    // What a promise held is garbage a turn later.
    for (let i = 0; i < 2; i += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = await used();
  const kept = [make()];
  const bytes = (await used()) - before;
  // Read here, so that it is kept until here.
  return kept.length * bytes;
}
