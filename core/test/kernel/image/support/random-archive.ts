import {device, directory, fifo, file, hardlink, image, pax, symlink} from './tar.ts';

/** Numbers that are the same in every run (mulberry32). */
export const random = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

/** An archive of a few entries that get in each other's way: names from a small set, all types, modes, owners. Most are refused, some allowed. */
export const randomArchive = (seed: number): Buffer => {
  const below = random(seed);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T; // never empty here
  const name = (): string => {
    const parts = Array.from({length: 1 + below(3)}, () => pick(['a', 'b', 'c', 'd', 'e', 'f']));
    if (below(60) === 0) parts.splice(below(parts.length), 0, pick(['..', '.', '']));
    return `${below(10) === 0 ? './' : ''}rootfs/${parts.join('/')}${below(40) === 0 ? '/' : ''}`;
  };
  const entry = (): Buffer => {
    const fields = {mode: below(0o10000), uid: below(3), gid: below(70000), mtime: below(2 ** 31)};
    const extension =
      below(8) === 0
        ? pax({mtime: `${below(2 ** 31)}.${below(10 ** 9)}`, ...(below(2) ? {path: name()} : {})})
        : Buffer.alloc(0);
    const made = (() => {
      switch (below(8)) {
        case 0:
        case 1:
          return directory(name(), fields);
        case 2:
          return symlink(name(), pick(['a', '/b', '../c', name()]), fields);
        case 3:
          return hardlink(name(), name(), fields);
        case 4:
          return below(2) ? fifo(name(), fields) : device(name(), '3', 1, 3, fields);
        default:
          return file(name(), 'x'.repeat(below(1200)), fields);
      }
    })();
    return Buffer.concat([extension, made]);
  };
  return image(...Array.from({length: 1 + below(7)}, entry));
};
