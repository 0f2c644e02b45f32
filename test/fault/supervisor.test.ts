import {spawn} from 'node:child_process';
import {existsSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {rktEnvironment} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {runApps} from '../helpers/nspawn.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {type Scope, settledDifference, snapshot} from '../helpers/snapshot.ts';

/*
 * rkt's fault points end where systemd-nspawn takes its place. From there on the process is killed by the clock: somewhere in nspawn's set-up, in systemd's
 * start, in the start of the apps. Each time `stop` and `gc` must leave the host as it was.
 */

const APART = 25;

serialTestIf(lacksPods('program/systemd-nspawn', 'cgroup/memory'))(
  'S20 whenever rkt or systemd-nspawn is killed while a pod starts, stop and gc leave the host as it was',
  async (t) => {
    t.timeout(5 * 60_000);
    const host = openHost();
    const uuidFile = path.join(host.directory, 'uuid');
    const image = await host.fetch();
    const [program, ...args] = host.command(
      ...runApps(
        [`--uuid-file-save=${uuidFile}`],
        {name: 'a', image, script: 'echo ready; sleep 600', flags: ['--memory=64Mi']},
        {name: 'b', image, script: 'echo ready; sleep 600'},
      ),
    );
    const pods = new Set<string>();
    const scope: Scope = {directories: [host.directory], pods};
    const collect = async () => {
      if (existsSync(uuidFile)) {
        const uuid = readFileSync(uuidFile, 'utf8').trim();
        if (uuid !== '') {
          pods.add(uuid);
          const stopped = await host.rkt(['stop', '--force', uuid]);
          // One that has not been launched yet cannot be stopped, and gc takes it.
          if (stopped.exitCode !== 0) t.regex(stopped.stderr, /RKT_POD_(STATE|NOT_FOUND)|is not running/);
        }
        rmSync(uuidFile);
      }
      for (let round = 0; round < 2; round++) {
        const {exitCode, stderr} = await host.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
        t.is(exitCode, 0, stderr);
      }
    };
    /** Starts the pod and kills its first process after that time. Returns whether both apps ran by then. */
    const killAfter = async (milliseconds: number): Promise<boolean> => {
      const child = spawn(program, args, {
        cwd: host.directory,
        env: {...rktEnvironment},
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const gone = new Promise((resolve) => child.once('exit', resolve));
      await setTimeout(milliseconds);
      const complete = output.split('ready').length === 3;
      child.kill('SIGKILL');
      await gone;
      await collect();
      return complete;
    };

    // What a first pod makes for all others is no residue.
    while (!(await killAfter(3000))) t.pass();
    const before = snapshot(scope);
    let moments = 0;
    for (let after = 0, complete = 0; complete < 3; after += APART, moments++) {
      if (await killAfter(after)) complete++;
      t.deepEqual(await settledDifference(before, scope), {}, `after ${after} ms`);
    }
    t.log(`${moments} moments`);
    t.true(moments > 3);
    await host.close();
  },
);
