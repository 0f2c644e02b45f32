/**
 * 53 bits of a text as 14 hexadecimal digits (the mixing of MurmurHash, in two lanes): to find things by, never to trust them. Loading Node's
 * crypto module costs as much as a third of a command.
 */
export const textHash = (text: string): string => {
  const bytes = Buffer.byteLength(text);
  const words = wordsOf(text, bytes);
  let [high, low] = [0xdead_beef ^ bytes, 0x41c6_ce57];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? 0;
    high = Math.imul(high ^ word, 0x9e37_79b1);
    high ^= high >>> 15;
    low = Math.imul(low ^ word, 0x5f35_6495);
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ (high >>> 16), 0x85eb_ca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2_ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85eb_ca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2_ae35);
  return (4_294_967_296 * (0x1f_ffff & low) + (high >>> 0)).toString(16).padStart(14, '0');
};

/** The UTF-8 of a text four bytes at a time, the last filled up with zeros: what mixes them runs before anything is optimized. */
export const wordsOf = (text: string, bytes = Buffer.byteLength(text)): Int32Array => {
  const words = new Int32Array((bytes >> 2) + 1);
  Buffer.from(words.buffer).write(text);
  return words;
};
