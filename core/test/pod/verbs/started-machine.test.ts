import path from 'node:path';
import test from 'ava';
import type {AppName} from '../../../src/contract/names.ts';
import type {PodEntry} from '../../../src/pod/state/load.ts';
import type {Summary} from '../../../src/pod/state/summary.ts';
import type {Supervisor} from '../../../src/pod/state/supervisor.ts';
import {startedMachine} from '../../../src/pod/verbs/started-machine.ts';
import {app, pod} from '../../support/fixtures.ts';
import {scratch, tree} from '../helpers.ts';

const RULES = {once: undefined, failing: 'on-failure', always: 'always'} as const;

test('an app of a machine runs until it has ended, if it may be started again until that was for good', (t) => {
  const directory = scratch(t);
  const apps = Object.entries(RULES).map(([name, restart]) =>
    app({name: name as AppName, ...(restart && {restart, restartLimit: {times: 0, seconds: 0}})}),
  );
  const entry = {
    path: directory,
    state: 'running',
    summary: {apps, flavor: {tellsReady: true}} as unknown as Summary,
  } as PodEntry;
  const supervisor = {pid: 1, startTime: 2} as Supervisor;
  const alive = (files: Readonly<Record<string, string>>): string[] => {
    tree(path.join(directory, 'stage1/rootfs/rkt'), files);
    return Object.keys(startedMachine(entry, pod({apps}), supervisor).appProcesses);
  };
  t.deepEqual(alive({}), []);
  t.deepEqual(alive({'supervisor-status': 'ready\n'}), ['once', 'failing', 'always']);
  t.deepEqual(alive({'status/failing': '7\n', 'status/always': '0\n'}), ['once', 'failing', 'always']);
  t.deepEqual(alive({'status/failing': '0\n', 'status/failing.last': 'ended\n'}), ['once', 'always']);
  t.deepEqual(alive({'status/once': '0\n'}), ['always']);
  t.deepEqual(alive({'status/always': '1\n', 'status/always.last': 'ended\n'}), []);
});
