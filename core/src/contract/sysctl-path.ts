/**
 * Path below /proc/sys of the key of a kernel parameter. The first separator decides (sysctl(8)): `net/ipv4/conf/eth0.1/forwarding` is a path, in
 * `net.ipv4.conf.eth0/1.forwarding` both separators change places.
 */
export const sysctlPath = (key: string): string =>
  /^[^./]*\//.test(key) ? key : key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
