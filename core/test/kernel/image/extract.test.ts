import fs, {mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {serialTestIf} from '../../../../test/helpers/skip.ts';
import {extractImage} from '../../../src/image/extract-image.ts';
import {specImage} from './support/spec.ts';
import {codeOf, importBytes, testStore} from './support/store.ts';

const needs = lacks('root', 'program/bsdtar');

/** What a user has who owns the directory that an image is extracted into, and the name that rkt has in there meanwhile. */
const place = (directory: string) => {
  const [owned, elsewhere] = [path.join(directory, 'owned'), path.join(directory, 'elsewhere')];
  mkdirSync(owned);
  mkdirSync(path.join(elsewhere, 'rootfs'), {recursive: true});
  return {owned, elsewhere, target: path.join(owned, 'out')};
};

serialTestIf(needs)('S08 whoever renames what an image is extracted in gets no file to another place', async (t) => {
  const {directory, store, remove} = testStore();
  try {
    const {owned, elsewhere, target} = place(directory);
    const id = await importBytes(store, specImage('example.com/su', {su: 'x'}));
    const extracted = extractImage(store, id, target, {});
    // By now it has been made.
    const [name = ''] = readdirSync(owned);
    t.true(name.startsWith('.rkt-unfinished-'));
    renameSync(path.join(owned, name), path.join(owned, 'mine'));
    mkdirSync(path.join(owned, name));
    symlinkSync(elsewhere, path.join(owned, name, 'image'));
    await extracted;
    t.deepEqual(readdirSync(elsewhere), ['rootfs']);
    t.deepEqual(readdirSync(path.join(elsewhere, 'rootfs')), []);
    t.deepEqual(readdirSync(path.join(target, 'rootfs')), ['su']);
    t.deepEqual(readdirSync(path.join(owned, 'mine')), []);
    t.deepEqual(readdirSync(path.join(owned, name)), ['image']);
  } finally {
    remove();
  }
});

serialTestIf(needs)(
  'S08 what somebody puts in its place before it is opened is neither filled nor removed',
  async (t) => {
    const {directory, store, remove} = testStore();
    const {mkdtempSync} = fs;
    try {
      const {owned, target} = place(directory);
      const id = await importBytes(store, specImage('example.com/su', {su: 'x'}));
      const other = path.join(owned, 'other');
      mkdirSync(other, {mode: 0o700});
      writeFileSync(path.join(other, 'kept'), 'x');
      fs.mkdtempSync = ((prefix: string) => {
        const made = mkdtempSync(prefix);
        renameSync(made, path.join(owned, 'mine'));
        renameSync(other, made);
        return made;
      }) as typeof mkdtempSync;
      syncBuiltinESMExports();
      t.is(await codeOf(extractImage(store, id, target, {})), 'RKT_IMAGE_OUTPUT_UNUSABLE');
      const [name = ''] = readdirSync(owned).filter((each) => each !== 'mine');
      t.deepEqual(readdirSync(path.join(owned, name)), ['kept']);
    } finally {
      fs.mkdtempSync = mkdtempSync;
      syncBuiltinESMExports();
      remove();
    }
  },
);
