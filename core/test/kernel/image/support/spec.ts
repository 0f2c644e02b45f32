import {createHash} from 'node:crypto';
import type {ImageId} from '../../../../src/contract/names.ts';
import {directory, file, image, imageOf, symlink} from './tar.ts';

/** ID of an uncompressed archive (appc IM-09). */
export const idOf = (archive: Buffer): ImageId =>
  `sha512-${createHash('sha512').update(archive).digest('hex')}` as ImageId; // 128 hexadecimal digits

export type Tree = Readonly<Record<string, string | null | {readonly to: string}>>;

/** Entries of a rootfs: a text is a file, `null` a directory, `{to}` a symlink. Order as given. */
export const entriesOf = (tree: Tree): Buffer[] =>
  Object.entries(tree).map(([path, what]) => {
    const name = `rootfs/${path}`;
    if (what === null) return directory(name);
    return typeof what === 'string' ? file(name, what) : symlink(name, what.to);
  });

/** An image of a name, a tree and further fields of the manifest. */
export const specImage = (name: string, tree: Tree, fields: Readonly<Record<string, unknown>> = {}): Buffer =>
  imageOf({name, ...fields}, ...entriesOf(tree));

export const smallImage = (): Buffer =>
  image(
    directory('rootfs/bin', {mode: 0o755}),
    file('rootfs/bin/app', 'x'.repeat(5000), {mode: 0o4755}),
    symlink('rootfs/lib', 'usr/lib'),
  );
