import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {type Test, testIf} from '../../../../test/helpers/skip.ts';
import {closureOf, needsOf} from '../../../src/image/build/closure.ts';
import {stageHostFiles} from '../../../src/image/build/stage-host-files.ts';

/* What is looked for by the files of a directory of the host, of which some are not root's. */

const rootTest = testIf(lacks('root'));
const STRANGER = 12_345;

/** A directory of somebody else, in a place that everybody may enter (the tests' own is root's alone). */
const strangers = (t: Test) => {
  const directory = mkdtempSync('/tmp/rkt-closure-');
  t.teardown(() => rmSync(directory, {recursive: true}));
  chmodSync(directory, 0o755);
  chownSync(directory, STRANGER, STRANGER);
  return (name: string, make: (file: string) => void, mode = 0o755): string => {
    const file = path.join(directory, name);
    make(file);
    chmodSync(file, mode);
    chownSync(file, STRANGER, STRANGER);
    return file;
  };
};

/** A program that names a loader, and no more (elf(5)). */
const elf = (interpreter: string): Buffer => {
  const text = Buffer.from(`${interpreter}\0`);
  const file = Buffer.alloc(64 + 56 + text.length);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(3, 64);
  file.writeBigUInt64LE(120n, 64 + 8);
  file.writeBigUInt64LE(BigInt(text.length), 64 + 32);
  text.copy(file, 120);
  return file;
};

rootTest('S36 no loader is started that somebody else can change', (t) => {
  const put = strangers(t);
  const loader = put('loader', (file) => writeFileSync(file, "#!/bin/sh\nprintf '\\t/etc/shadow (0x1)\\n'\n"));
  t.deepEqual(needsOf(put('program', (file) => writeFileSync(file, elf(loader)))), []);
  // Nor where what leads to it is theirs.
  const own = put('directory', (file) => mkdirSync(file));
  writeFileSync(path.join(own, 'loader'), "#!/bin/sh\nprintf '\\t/etc/shadow (0x1)\\n'\n", {mode: 0o755});
  t.deepEqual(needsOf(put('below', (file) => writeFileSync(file, elf(path.join(own, 'loader'))))), []);
});

rootTest("S36 a file that claims to have its parts where no file has any is nobody's program, and no crash", (t) => {
  const put = strangers(t);
  for (const place of [32, 64 + 8, 64 + 32]) {
    const bytes = elf('/lib/ld.so');
    bytes.writeBigUInt64LE(2n ** 63n, place);
    t.deepEqual(needsOf(put(`at-${place}`, (file) => writeFileSync(file, bytes))), []);
  }
});

rootTest("S36 the loader that reads a stranger's program is nobody", (t) => {
  const put = strangers(t);
  const all = needsOf('/usr/bin/true');
  t.true(all.some((file) => /\/libc\.so/.test(file)));
  t.deepEqual(needsOf(put('open', (file) => copyFileSync('/usr/bin/true', file))), all);
  // Who may read whatever root may would find what it needs.
  t.deepEqual(needsOf(put('closed', (file) => copyFileSync('/usr/bin/true', file), 0o700)), []);
});

rootTest("S36 a stranger's program that is named starts no loader of theirs, and one of the host as its owner", (t) => {
  const put = strangers(t);
  const ran = put('ran', (file) => writeFileSync(file, ''));
  const loader = put('loader', (file) => writeFileSync(file, `#!/bin/sh\necho ran > ${ran}\n`));
  const program = put('program', (file) => writeFileSync(file, elf(loader)));
  t.throws(() => closureOf(program), {code: 'RKT_IMAGE_BUILD_INVALID'});
  t.is(readFileSync(ran, 'utf8'), '');
  const all = closureOf('/usr/bin/true');
  // A file that its owner alone may read shows who the loader is, and one that others may write who it is not.
  t.deepEqual(closureOf(put('closed', (file) => copyFileSync('/usr/bin/true', file), 0o700)), all);
  const written = put('written', (file) => copyFileSync('/usr/bin/true', file), 0o720);
  t.throws(() => closureOf(written), {code: 'RKT_IMAGE_BUILD_INVALID'});
  const roots = put('roots', (file) => copyFileSync('/usr/bin/true', file), 0o700);
  chownSync(roots, 0, 0);
  t.throws(() => closureOf(roots), {code: 'RKT_IMAGE_BUILD_INVALID'});
});

rootTest('S05 what a program of a stranger says that it needs is nothing that not everybody may read', (t) => {
  const put = strangers(t);
  const own = mkdtempSync(path.join(tmpdir(), 'rkt-closure-'));
  t.teardown(() => rmSync(own, {recursive: true}));
  const secret = path.join(own, 'secret');
  copyFileSync('/usr/bin/true', secret);
  chmodSync(secret, 0o700);
  const target = path.join(own, 'target');
  const stage = (program: string) => {
    rmSync(target, {recursive: true, force: true});
    mkdirSync(target);
    return stageHostFiles([program], target);
  };
  const script = put('script', (file) => writeFileSync(file, `#!${secret}\n`));
  t.throws(() => stage(script), {code: 'RKT_IMAGE_BUILD_INVALID', message: new RegExp(`script.*${secret}`)});
  const good = put('good', (file) => writeFileSync(file, '#!/usr/bin/env\n'));
  t.true(stage(good).some((file) => /\/libc\.so/.test(file)));
});

rootTest('S05 a symlink of a stranger brings nothing that not everybody may read', (t) => {
  const put = strangers(t);
  const own = mkdtempSync(path.join(tmpdir(), 'rkt-closure-'));
  t.teardown(() => rmSync(own, {recursive: true}));
  const [secret, target] = [path.join(own, 'secret'), path.join(own, 'target')];
  writeFileSync(secret, 'x', {mode: 0o600});
  const stage = (directory: string) => {
    rmSync(target, {recursive: true, force: true});
    mkdirSync(target);
    return stageHostFiles([directory], target);
  };
  const link = (directory: string, name: string, to: string): void => symlinkSync(to, path.join(directory, name));
  const theirs = put('theirs', (file) => mkdirSync(file));
  link(theirs, 'open', '/usr/bin/true');
  t.true(stage(theirs).includes('/usr/bin/true'));
  writeFileSync(path.join(theirs, 'private'), 'x', {mode: 0o600});
  link(theirs, 'inside', path.join(theirs, 'private'));
  t.notThrows(() => stage(theirs));
  link(theirs, 'secret', secret);
  t.throws(() => stage(theirs), {code: 'RKT_IMAGE_BUILD_INVALID', message: new RegExp(`theirs/secret.*${secret}`)});
  // Root's own say what they mean.
  const mine = path.join(own, 'mine');
  mkdirSync(mine);
  link(mine, 'secret', secret);
  t.true(stage(mine).includes(secret));
});
