import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {execPath} from 'node:process';
import {execa} from 'execa';
import type {HostPath, Uuid} from '../../core/src/contract/names.ts';
import {gc} from '../../core/src/pod/gc.ts';
import {makePodsDirectories, podDirectory} from '../../core/src/pod/layout.ts';
import {listPods} from '../../core/src/pod/list.ts';
import {POD_DIRECTORIES} from '../../core/src/pod/states.ts';
import {lacks} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

const PODS = 1000;
const AT_ONCE = {gracePeriod: 0, expirePrepared: 0, markOnly: false, dryRun: false};

testIf(lacks('root'))('S20 a thousand prepared pods between two runners, two gc and rm', async (t) => {
  t.timeout(3 * 60_000);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'rkt-races-')) as HostPath;
  t.teardown(() => rmSync(dataDir, {recursive: true, force: true}));
  makePodsDirectories(dataDir);
  const uuids = Array.from({length: PODS}, () => crypto.randomUUID() as Uuid);
  for (const uuid of uuids) mkdirSync(path.join(podDirectory(dataDir, 'prepared', uuid), 'below'), {recursive: true});

  const contender = path.join(import.meta.dirname, 'fixtures/contender.ts');
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const roles = ['run', 'rm', 'gc', 'run', 'gc'];
  const results = await Promise.all(
    roles.map((role, index) => {
      // From both ends, so that they meet often and not always in the same order.
      const order = index % 2 === 0 ? uuids : uuids.toReversed();
      return execa(execPath, [...flags, contender, role, dataDir, ...order], {extendEnv: false});
    }),
  );

  const lines = results.flatMap(({stdout}) => stdout.split('\n').filter((line) => line !== ''));
  const of = (what: string) =>
    lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));
  t.deepEqual(of('lost'), [], 'nobody takes a pod that is held');
  t.deepEqual(of('failed'), []);
  t.is(new Set(of('claimed')).size, of('claimed').length, 'no pod has two owners');
  t.true(of('claimed').length > 0);

  gc(dataDir, AT_ONCE);
  gc(dataDir, AT_ONCE);
  t.deepEqual(listPods(dataDir, POD_DIRECTORIES), []);
});

testIf(lacks('root'))('S20 a reader never misses a pod that moves', async (t) => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'rkt-reader-')) as HostPath;
  t.teardown(() => rmSync(dataDir, {recursive: true, force: true}));
  makePodsDirectories(dataDir);
  const uuids = Array.from({length: 200}, () => crypto.randomUUID() as Uuid);
  for (const uuid of uuids) mkdirSync(podDirectory(dataDir, 'prepared', uuid));
  const contender = path.join(import.meta.dirname, 'fixtures/contender.ts');
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  const runner = execa(execPath, [...flags, contender, 'run', dataDir, ...uuids], {extendEnv: false});
  let running = true;
  runner.finally(() => {
    running = false;
  });
  for (let look = 0; running; look++) {
    t.is(listPods(dataDir).length, uuids.length, `look ${look}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await runner;
  t.true(listPods(dataDir).every(({state}) => state === 'exited'));
});
