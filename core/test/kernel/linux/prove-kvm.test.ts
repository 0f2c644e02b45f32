import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {slowly} from '../../../../test/helpers/slowly.ts';
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
  {device, timeout = slowly(60_000)}: {device?: Device; timeout?: number} = {},
): Promise<Proof> => {
  const tree = path.join(directory, name);
  mkdirSync(tree);
  const file = path.join(tree, 'qemu');
  writeFileSync(file, `#!/bin/sh -p\n${script}\n`);
  chmodSync(file, 0o755);
  return prove({path: file as HostPath}, tree as HostPath, device, {timeout});
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
    const device = {path: '/dev/null' as HostPath, major: 1, minor: 3};
    const {because} = await proved(
      'sees',
      `for path in ${directory}/* /dev/* /proc/* /root/*; do [ ! -e "$path" ] || printf '%s ' "$path"; done >&2
     echo through >/dev/null && echo . $(/usr/bin/id -u) $(/usr/bin/id -ru) >&2; exit 1`,
      {device},
    );
    t.regex(because, new RegExp(`: ${directory}/sees /dev/null . 65534 65533$`));
  },
);

rootTest('a proof that is known is taken by those, too, who keep none', async (t) => {
  const [tree, cache] = [path.join(directory, 'once'), path.join(directory, 'once-cache')];
  mkdirSync(tree);
  const file = path.join(tree, 'qemu');
  const device = {path: '/dev/null' as HostPath, major: 1, minor: 3};
  const ask = async (word: string, from: string | undefined, to: string | undefined, minor = device.minor) => {
    writeFileSync(file, `#!/bin/sh -p\necho ${word} >&2; exit 1\n`, {mode: 0o755});
    const proof = await provedOnce({path: file as HostPath}, tree as HostPath, {...device, minor}, {from, to});
    return / (\w+)$/.exec(proof.because)?.[1];
  };
  t.is(await ask('first', cache, undefined), 'first');
  t.false(existsSync(cache));
  t.is(await ask('second', cache, cache), 'second');
  t.is(await ask('third', cache, undefined), 'second');
  t.is(await ask('fourth', cache, undefined, 4), 'fourth');
  t.is(await ask('fifth', undefined, cache), 'fifth');
  t.is(await ask('sixth', cache, cache), 'fifth');
});

rootTest('S10 its memory, its processes and its time are bounded', async (t) => {
  const {because} = await proved('bounded', 'echo $(ulimit -d) $(ulimit -p) $(ulimit -t) >&2; exit 1');
  t.regex(because, /: 1048576 4096 30$/);
});

testIf(lacks('root', 'program/qemu-system-x86_64'))('the guest itself runs to its end, by an emulation', async (t) => {
  const qemu = findProgram('qemu-system-x86_64') ?? t.fail();
  const proof = await prove({path: qemu as HostPath}, directory as HostPath, undefined, {
    // By default what it makes of the guest's code may take as much memory as it is given in all.
    as: ['tcg,tb-size=16', 'max'],
    timeout: 120_000,
  });
  t.deepEqual(proof, {works: true, because: 'a tiny guest has run with it'});
});

/** Where a container has the file and not the device behind it, nobody can open it. */
const lacksDevice = (): string | undefined => {
  try {
    closeSync(openSync('/dev/kvm', constants.O_RDWR));
    return undefined;
  } catch {
    return '/dev/kvm cannot be opened';
  }
};
testIf(lacks('root', 'program/qemu-system-x86_64') ?? lacksDevice())(
  'QEMU can open the device as nobody, whoever may open the one of the host; what comes of it is the verdict',
  async (t) => {
    const qemu = findProgram('qemu-system-x86_64') ?? t.fail();
    const device = {path: '/dev/kvm' as HostPath, major: 10, minor: 232};
    const {because} = await prove({path: qemu as HostPath}, directory as HostPath, device);
    t.notRegex(because, /Could not access KVM|Permission denied|not permitted/);
    t.log(because);
  },
);
