import {chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath} from '../../../src/contract/index.ts';
import {findProgram} from '../../../src/linux/programs.ts';
import {type Device, type Proof, prove} from '../../../src/stage1/facts/prove-kvm.ts';
import {provedOnce} from '../../../src/stage1/facts/proved-once.ts';

/* Whether an accelerator runs a kernel, proved by a QEMU that may do anything instead. */

const rootTest = testIf(lacks('root'));
const directory = mkdtempSync(path.join(tmpdir(), 'rkt-proof-test-'));
test.after.always(() => rmSync(directory, {recursive: true, force: true}));
chmodSync(directory, 0o755);

/** What a QEMU that is this script proves. */
const proved = (
  name: string,
  script: string,
  {device, timeout}: {device?: Device; timeout?: number} = {},
): Promise<Proof> => {
  const tree = path.join(directory, name);
  mkdirSync(tree);
  const file = path.join(tree, 'qemu');
  writeFileSync(file, `#!/bin/sh -p\n${script}\n`);
  chmodSync(file, 0o755);
  return prove({path: file as HostPath}, tree as HostPath, device, timeout === undefined ? {} : {timeout});
};

for (const [name, script, because] of [
  ['aborts', 'echo "no such register" >&2; kill -ABRT $$', /^QEMU ended with SIGABRT .*: no such register$/],
  ['ends well', 'exit 0', /^QEMU ended with exit status 0 /],
  ['fails', 'exit 1', /^QEMU ended with exit status 1 /],
  [
    'prints garbage',
    '/usr/bin/head -c 300000 /usr/bin/env >&2; printf "\\033[2J" >&2; exit 7',
    /^QEMU ended with exit status 7/,
  ],
] as const) {
  rootTest(`a QEMU that ${name} proves nothing`, async (t) => {
    const proof = await proved(name.replace(' ', '-'), script);
    t.false(proof.works);
    t.regex(proof.because, because);
    t.regex(proof.because, /^[\x20-\x7e]{1,300}$/);
  });
}

rootTest('one that hangs is ended', async (t) => {
  const {works, because} = await proved('hangs', 'exec /bin/sleep 100000', {timeout: 1000});
  t.deepEqual([works, because], [false, 'a tiny guest has not ended within 1 s']);
});

rootTest('the status that the guest ends QEMU with is the proof', async (t) => {
  const proof = await proved('works', '[ -s /proof/rom ] && exit 43');
  t.true(proof.works, proof.because);
});

rootTest(
  'S36 it has the device, its own image and the programs of the host, no capability and no network',
  async (t) => {
    const device = {path: '/dev/null' as HostPath, uid: 0, gid: 65_534};
    const {because} = await proved(
      'sees',
      `for path in ${directory}/* /dev/* /proc/* /root/*; do [ ! -e "$path" ] || printf '%s ' "$path"; done >&2
     echo through >/dev/null && echo . $(/usr/bin/id -u) $(/usr/bin/id -ru) >&2; exit 1`,
      {device},
    );
    t.regex(because, new RegExp(`: ${directory}/sees /dev/null . 0 65533$`));
  },
);

rootTest('a proof that is known is taken by those, too, who keep none', async (t) => {
  const [tree, cache] = [path.join(directory, 'once'), path.join(directory, 'once-cache')];
  mkdirSync(tree);
  const file = path.join(tree, 'qemu');
  const device = {path: '/dev/null' as HostPath, uid: 0, gid: 65_534, rdev: 0x103};
  const ask = async (word: string, from: string | undefined, to: string | undefined, rdev = device.rdev) => {
    writeFileSync(file, `#!/bin/sh -p\necho ${word} >&2; exit 1\n`, {mode: 0o755});
    const proof = await provedOnce({path: file as HostPath}, tree as HostPath, {...device, rdev}, {from, to});
    return / (\w+)$/.exec(proof.because)?.[1];
  };
  t.is(await ask('first', cache, undefined), 'first');
  t.false(existsSync(cache));
  t.is(await ask('second', cache, cache), 'second');
  t.is(await ask('third', cache, undefined), 'second');
  t.is(await ask('fourth', cache, undefined, 0x104), 'fourth');
  t.is(await ask('fifth', undefined, cache), 'fifth');
  t.is(await ask('sixth', cache, cache), 'fifth');
});

testIf(lacks('root', 'program/qemu-system-x86_64'))('the guest itself runs to its end, by an emulation', async (t) => {
  const qemu = findProgram('qemu-system-x86_64') ?? t.fail();
  const proof = await prove({path: qemu as HostPath}, directory as HostPath, undefined, {
    as: ['tcg', 'max'],
    timeout: 120_000,
  });
  t.deepEqual(proof, {works: true, because: 'a tiny guest has run with it'});
});

const hasDevice = statSync('/dev/kvm', {throwIfNoEntry: false})?.isCharacterDevice() === true;
testIf(lacks('root', 'program/qemu-system-x86_64') ?? (hasDevice ? undefined : 'there is no /dev/kvm'))(
  'QEMU can open the device that only root may open; what comes of it is the verdict',
  async (t) => {
    const qemu = findProgram('qemu-system-x86_64') ?? t.fail();
    const device = {path: '/dev/kvm' as HostPath, uid: 0, gid: 65_534};
    const {because} = await prove({path: qemu as HostPath}, directory as HostPath, device);
    t.notRegex(because, /Could not access KVM|Permission denied|not permitted/);
    t.log(because);
  },
);
