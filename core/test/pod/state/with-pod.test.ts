import {existsSync, renameSync, rmSync} from 'node:fs';
import test from 'ava';
import {lockDirectory} from '../../../src/linux/lock.ts';
import {podNotInState} from '../../../src/pod/errors.ts';
import {podDirectory} from '../../../src/pod/state/layout.ts';
import type {PodDirectory} from '../../../src/pod/state/states.ts';
import {requireStored} from '../../../src/pod/state/stored.ts';
import {withPod} from '../../../src/pod/state/with-pod.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {dataDirectory, uuidOf} from '../helpers.ts';

const a = uuidOf('a');

test('S20 what is read of a pod that moves meanwhile is read again where it went', async (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run'});
  let calls = 0;
  const found = await withPod(dataDir, a, ({path, directory}) => {
    if (++calls === 1) renameSync(path, podDirectory(dataDir, 'exited-garbage', a));
    return {directory, isThere: existsSync(path)};
  });
  t.deepEqual(found, {directory: 'exited-garbage', isThere: true});
  t.is(calls, 2);
});

test('S20 that a pod is in another state counts where it is', async (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run'});
  let calls = 0;
  const failing = withPod(dataDir, a, ({path, directory}) => {
    if (++calls === 1) renameSync(path, podDirectory(dataDir, 'exited-garbage', a));
    throw podNotInState(a, directory, 'running');
  });
  const error = await t.throwsAsync<RktError>(failing, {code: 'RKT_POD_STATE'});
  t.is(error?.fields.state, 'exited-garbage');
  t.is(calls, 2);
});

test('an error that is not about the pod is the end, also where the pod cannot be seen any more', async (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run'});
  const failing = withPod(dataDir, a, ({path}) => {
    rmSync(path, {recursive: true});
    throw new Error('of the program');
  });
  await t.throwsAsync(failing, {message: 'of the program'});
});

test('S20 a pod that is removed while it is read is unknown', async (t) => {
  const dataDir = dataDirectory(t, {[a]: 'exited-garbage'});
  await t.throwsAsync(
    withPod(dataDir, a, ({path}) => rmSync(path, {recursive: true})),
    {code: 'RKT_POD_UNKNOWN'},
  );
});

for (const [directory, code] of [
  ['exited-garbage', 'RKT_POD_UNKNOWN'],
  ['garbage', 'RKT_POD_UNKNOWN'],
  ['prepare', 'RKT_POD_STATE'],
] as const satisfies readonly (readonly [PodDirectory, string])[])
  test(`S20 a pod in "${directory}" whose files are not all there is damaged only if nobody works on it`, async (t) => {
    const dataDir = dataDirectory(t, {[a]: directory});
    const read = () => withPod(dataDir, a, ({path}) => requireStored(path, 'manifest'));
    {
      using _lock = lockDirectory(podDirectory(dataDir, directory, a), 'exclusive');
      await t.throwsAsync(read(), {code});
    }
    await t.throwsAsync(read(), {code: 'RKT_POD_FILE_DAMAGED'});
  });
