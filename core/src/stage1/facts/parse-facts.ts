import type {HostFacts} from '../../contract/host.ts';

/** `6.1.0-18-arm64` → major 6, minor 1. */
export const parseRelease = (release: string): HostFacts['kernel'] => {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return {release, major: Number(major), minor: Number(minor)};
};

/** Names in /proc/filesystems; `nodev` says only that there is no block device behind it. */
export const parseFilesystems = (text: string): string[] =>
  text.split('\n').flatMap((line) => {
    const name = line.split('\t')[1]?.trim();
    return name ? [name] : [];
  });

/** Bytes of memory, from /proc/meminfo. */
export const parseMemTotal = (text: string): number => Number(/^MemTotal:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;

/** How many processors have a number, from /sys/devices/system/cpu/present: `0-3,8` is 9, whatever is between. 0 of nothing. */
export const parseProcessors = (text: string): number => Number(/(\d+)\s*$/.exec(text)?.[1] ?? -1) + 1;

/** What a program says to `--version`: the first number with a dot in the first line, or the first number, empty if there is none; and the words with a plus in the lines that follow. */
export const parseAbout = (output: string): {version: string; features?: string[]} => {
  const [line = '', ...others] = output.split('\n');
  const features = others.flatMap((other) => [...other.matchAll(/(?<=^|\s)\+(\S+)/g)].map(([, name = '']) => name));
  return {
    version: /\d+(?:\.\d+)+/.exec(line)?.[0] ?? /\d+/.exec(line)?.[0] ?? '',
    ...(features.length > 0 ? {features} : {}),
  };
};
