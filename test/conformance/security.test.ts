import {mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* S05, S06, S07, S14, S17: what an image or another pod tries, and what becomes of it, with each flavor. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const ROUNDS = env.RKT_TEST_LONG ? 50 : 5;

kernelTest('S05 a source that is swapped for a symlink while pods start never leads elsewhere', async (t) => {
  const place = path.join(host.directory, 'shared');
  const target = path.join(place, 'data');
  const spare = path.join(place, 'spare');
  mkdirSync(target, {recursive: true});
  writeFileSync(path.join(target, 'right'), 'x');
  const decoy = path.join(host.directory, 'decoy');
  mkdirSync(decoy);
  writeFileSync(path.join(decoy, 'secret'), 'x');
  let over = false;
  const swap = async () => {
    while (!over) {
      renameSync(target, spare);
      symlinkSync(decoy, target);
      await new Promise(setImmediate);
      rmSync(target);
      renameSync(spare, target);
      await new Promise(setImmediate);
    }
  };
  const swapping = swap();
  const codes = new Set<string>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const results = await Promise.all(
        [0, 1].map(() =>
          host.sh('ls /data', {
            pod: [`--volume=data,kind=host,source=${target}`],
            app: ['--mount=volume=data,target=/data'],
          }),
        ),
      );
      for (const {stdout, exitCode, error} of results) {
        if (exitCode === 0) t.is(stdout, 'right\n');
        else codes.add(error?.code === 'RKT_INTERNAL' ? error.message : (error?.code ?? 'none'));
      }
    }
  } finally {
    over = true;
    await swapping;
  }
  // Whoever looks first sees a directory, a link or nothing; the executor looks again.
  t.deepEqual(
    [...codes].filter((code) => !/^RKT_(VOLUME|BIND)_SOURCE_(SYMLINK|MISSING|UNUSABLE)$/.test(code)),
    [],
  );
});

kernelTest('S14 PO-14 IM-25 user annotations and labels change nothing', async (t) => {
  const app = {userAnnotations: {'example.com/a': 'x'}, userLabels: {tier: 'x'}};
  t.is((await host.sh('echo ran', {image: {app}})).stdout, 'ran\n');
});

kernelTest('S17 what a host mounts later in a volume does not show in a pod, nor the other way round', async (t) => {
  const {stdout} = await host.sh('mount -t tmpfs x /data 2>/dev/null; echo $?', {
    pod: ['--insecure-options=seccomp', '--allow-degraded=processes/closed', '--volume=data,kind=empty'],
    app: ['--mount=volume=data,target=/data', '--caps-retain=CAP_SYS_ADMIN'],
  });
  t.is(stdout, '0\n');
  t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(host.directory));
});
