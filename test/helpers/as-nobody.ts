import {statSync} from 'node:fs';
import {program} from '../runner/packages.ts';
import {root} from './command.ts';

/** The outermost directory above this checkout that others may not enter. */
const closedDirectory = (): string | undefined => {
  const above = root.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/') || '/');
  return above.find((directory) => (statSync(directory).mode & 0o001) === 0);
};

/** In a mount namespace of its own the closed directory becomes one that all may enter, and has nothing but the checkout, where it was. */
const OPEN = `mount --bind "$1" /mnt && mount -t tmpfs -o mode=755 tmpfs "$2" && mkdir -p "$1" && mount --move /mnt "$1" && shift 2 && exec "$@"`;

const name = (tool: string): string => program(tool) ?? tool;

/** What starts a program that may become a user who can read this checkout wherever it is. */
export const asReader = (): string[] => {
  const closed = closedDirectory();
  return closed === undefined
    ? []
    : [name('unshare'), '--mount', '--propagation=private', '/bin/sh', '-c', OPEN, 'sh', root, closed];
};

/** The same as the user nobody: for `through`. */
export const asNobody = (): string[] => [
  ...asReader(),
  ...[name('setpriv'), '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--'],
];
