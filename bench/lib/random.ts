/** Numbers from 0 to 1 that are the same for the same seed (a multiply-with-carry generator). */
export function randomFrom(seed: number): () => number {
  let [low, carry] = [seed >>> 0, 1];
  return () => {
    const product = 4_294_957_665n * BigInt(low) + BigInt(carry);
    low = Number(product & 0xffff_ffffn);
    carry = Number(product >> 32n);
    return low / 2 ** 32;
  };
}
