/** Of `Linux version 6.1.0-56-amd64 (…)`, which every kernel says of itself (init/version.c). */
const BANNER = 'Linux version ';
const RELEASE = /^[\w.+~-]{1,64}(?= )/;

/** The release of an uncompressed kernel; `undefined` if it says none. */
export const kernelRelease = (vmlinux: Buffer): string | undefined => {
  for (let at = vmlinux.indexOf(BANNER); at >= 0; at = vmlinux.indexOf(BANNER, at + 1)) {
    const begin = at + BANNER.length;
    const release = RELEASE.exec(vmlinux.toString('latin1', begin, begin + 65))?.[0];
    if (release !== undefined) return release;
  }
  return undefined;
};
