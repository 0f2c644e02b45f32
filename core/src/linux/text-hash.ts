/**
 * 53 bits of a text as 14 hexadecimal digits (the mixing of MurmurHash, in two lanes): to find things by, never to trust them. Loading Node's
 * crypto module costs as much as a third of a command.
 */
export const textHash = (text: string): string => {
  let [high, low] = [0xdead_beef, 0x41c6_ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x9e37_79b1);
    low = Math.imul(low ^ code, 0x5f35_6495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85eb_ca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2_ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85eb_ca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2_ae35);
  return (4_294_967_296 * (0x1f_ffff & low) + (high >>> 0)).toString(16).padStart(14, '0');
};
