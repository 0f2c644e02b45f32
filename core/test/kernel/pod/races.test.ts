import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {execPath} from 'node:process';
import {execa} from 'execa';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath, Uuid} from '../../../src/contract/names.ts';
import {gc} from '../../../src/pod/state/gc.ts';
import {makePodsDirectories, podDirectory} from '../../../src/pod/state/layout.ts';
import {listPods} from '../../../src/pod/state/list.ts';
import {POD_DIRECTORIES} from '../../../src/pod/state/states.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const PODS = 1000;
const AT_ONCE = {gracePeriod: 0, expirePrepared: 0, markOnly: false, dryRun: false};
const CONTENDER = new URL('fixtures/contender.ts', import.meta.url);

/** Prepared pods in a data directory that goes with the test. */
const prepared = (t: {teardown: (action: () => void) => void}, count: number) => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'rkt-races-')) as HostPath;
  t.teardown(() => rmSync(dataDir, {recursive: true, force: true}));
  makePodsDirectories(dataDir);
  const uuids = Array.from({length: count}, () => crypto.randomUUID() as Uuid);
  for (const uuid of uuids) mkdirSync(path.join(podDirectory(dataDir, 'prepared', uuid), 'below'), {recursive: true});
  return {dataDir, uuids};
};

/** Starts a process that waits for `go`. */
const contend = async (role: string, dataDir: HostPath, uuids: readonly Uuid[]) => {
  const child = execa(execPath, [...builtFixture(CONTENDER), role, dataDir], {
    extendEnv: false,
    stdin: 'pipe',
  });
  const says = () => Promise.race([once(child.stdout, 'data'), child]);
  await says();
  /** Returns what it says besides. */
  const go = async (): Promise<string[]> => {
    child.stdin.end(uuids.join('\n'));
    const {stdout} = await child;
    return stdout.split('\n').filter((line) => line !== 'ready');
  };
  return {says, go};
};

testIf(lacks('root'))('S20 a thousand prepared pods between two runners, two gc and rm', async (t) => {
  const {dataDir, uuids} = prepared(t, PODS);
  const contenders = await Promise.all(
    ['run', 'rm', 'gc', 'run', 'gc'].map((role, index) =>
      // From both ends, so that they meet often and not always in the same order.
      contend(role, dataDir, index % 2 === 0 ? uuids : uuids.toReversed()),
    ),
  );
  const [first, ...others] = contenders as [(typeof contenders)[number], ...typeof contenders]; // five
  // Otherwise gc, which takes all at once, may have taken all before anybody else got to run.
  const begun = first.says();
  const claiming = first.go();
  await begun;
  const lines = (await Promise.all([claiming, ...others.map(({go}) => go())])).flat();
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
  const {dataDir, uuids} = prepared(t, 200);
  const {go} = await contend('run', dataDir, uuids);
  let running = true;
  const ended = go().finally(() => {
    running = false;
  });
  for (let look = 0; running; look++) {
    t.is(listPods(dataDir).length, uuids.length, `look ${look}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  t.true(listPods(dataDir).every(({state}) => state === 'exited'));
});
