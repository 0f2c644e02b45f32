import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, existsSync, openSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {setTimeout} from 'node:timers/promises';
import {rktEnvironment} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {leftBy} from '../helpers/left-by.ts';
import {processesOfPod, runApps, runningApp} from '../helpers/nspawn.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {type Scope, snapshot} from '../helpers/snapshot.ts';
import {until} from '../helpers/until.ts';
import {STAY} from '../nspawn/support/scripts.ts';

/*
 * rkt's fault points end where it becomes what starts systemd-nspawn. From there on the process is killed where it can be seen to have come: in rkt, in nspawn's set-up,
 * in systemd's start, in the start of the apps; and at moments between, by the clock of a start that was not disturbed. Each time `stop` and `gc` must leave
 * the host as it was.
 */

/** Parts of the way from one place to the next. */
const BETWEEN = env.RKT_TEST_LONG === '1' ? 10 : 2;

interface Start {
  readonly child: ChildProcess;
  readonly uuid: string;
  readonly output: string;
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Processes end while one looks.
    return '';
  }
};
const commandsIn = (uuid: string): string[] =>
  processesOfPod(uuid)
    .filter((pid) => /^NSpid:\t\d+\t1$/m.test(read(`/proc/${pid}/status`)))
    .map((pid) => read(`/proc/${pid}/comm`).trim());

/** How far a start has come, in order. */
const PLACES: Readonly<Record<string, (start: Start) => boolean>> = {
  'rkt runs': () => true,
  'the pod has a UUID': ({uuid}) => uuid !== '',
  'systemd-nspawn runs': ({uuid}) =>
    processesOfPod(uuid).some((pid) => read(`/proc/${pid}/comm`) === 'systemd-nspawn\n'),
  'the pod has a PID 1': ({uuid}) => commandsIn(uuid).length > 0,
  'PID 1 is systemd': ({uuid}) => commandsIn(uuid).includes('systemd'),
  'an app runs': ({uuid}) => runningApp(uuid, 'a') > 0 || runningApp(uuid, 'b') > 0,
  'both apps run': ({output}) => output.split('ready\n').length === 3,
};
const places = Object.keys(PLACES);

serialTestIf(lacksPods('program/systemd-nspawn', 'cgroup/memory'))(
  'S20 whenever rkt or systemd-nspawn is killed while a pod starts, stop and gc leave the host as it was',
  async (t) => {
    t.timeout(30 * 60_000);
    const host = openHost();
    t.teardown(() => host.close());
    const uuidFile = path.join(host.directory, 'uuid');
    const said = path.join(host.directory, 'stderr');
    const image = await host.fetch();
    const [program, ...args] = host.command(
      ...runApps(
        [`--uuid-file-save=${uuidFile}`],
        {name: 'a', image, script: `echo ready; ${STAY}`, flags: ['--memory=64Mi']},
        {name: 'b', image, script: `echo ready; ${STAY}`},
      ),
    );
    const pods = new Set<string>();
    const scope: Scope = {directories: [host.directory], pods};
    const stop = async () => {
      const uuid = read(uuidFile).trim();
      if (uuid !== '') {
        pods.add(uuid);
        const stopped = await host.rkt(['stop', '--force', uuid]);
        // One that has not been launched yet cannot be stopped, and gc takes it.
        if (stopped.exitCode !== 0) t.regex(stopped.stderr, /RKT_POD_(STATE|NOT_FOUND)|is not running/);
      }
      rmSync(uuidFile, {force: true});
    };
    const collect = async () => {
      for (let round = 0; round < 2; round++) {
        const {exitCode, stderr} = await host.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
        t.is(exitCode, 0, stderr);
      }
    };
    const begin = () => {
      const stderr = openSync(said, 'w');
      const child = spawn(program, args, {
        cwd: host.directory,
        env: {...rktEnvironment},
        stdio: ['ignore', 'pipe', stderr],
      });
      closeSync(stderr);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      const arrival = (place: string) =>
        until(() => {
          if (PLACES[place]?.({child, uuid: read(uuidFile).trim(), output})) return true;
          if (child.exitCode === null && child.signalCode === null) return false;
          throw new Error(`the pod has ended before ${place}: ${read(said)}`);
        }, 240_000);
      const kill = async () => {
        child.kill('SIGKILL');
        await gone;
        await stop();
      };
      return {arrival, kill};
    };

    // What a first pod makes for all others is no residue.
    const undisturbed: number[] = [];
    for (let round = 0; round < 2; round++) {
      const start = begin();
      for (const [index, place] of places.entries()) {
        await start.arrival(place);
        undisturbed[index] = performance.now();
      }
      await start.kill();
      await collect();
    }
    t.false(existsSync(uuidFile));
    const before = snapshot(scope);
    for (const [index, place] of places.entries()) {
      const next = (undisturbed[index + 1] ?? 0) - (undisturbed[index] ?? 0);
      for (let part = 0; part < (place === places.at(-1) ? 1 : BETWEEN); part++) {
        const start = begin();
        await start.arrival(place);
        await setTimeout((next * part) / BETWEEN);
        await start.kill();
        t.deepEqual(await leftBy(collect, before, scope), {}, `${place}, and ${part}/${BETWEEN} of the way on`);
      }
    }
  },
);
