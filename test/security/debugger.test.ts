import {readFileSync, readlinkSync} from 'node:fs';
import {constants} from 'node:os';
import test from 'ava';
import {execa} from 'execa';
import {rktEnvironment} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {parseStatus, stateOf} from '../helpers/proc.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

const host = openHost();
test.after.always(() => host.close());

const isNode = (pid: number): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/exe`).endsWith('/node');
  } catch {
    return false;
  }
};

const SIGUSR1 = 1n << BigInt(constants.signals.SIGUSR1 - 1);

serialTestIf(lacksPods())(
  'S28 no command of the host starts a debugger for an app that sends it SIGUSR1',
  async (t) => {
    const uuid = (await host.rkt(['prepare', '--quiet', '--stage1=fly', await host.fetch()])).stdout.trim();
    const [rkt, ...rest] = host.command('status', '--wait=1m', uuid);
    const waiting = execa(rkt, rest, {env: rktEnvironment, extendEnv: false, reject: false, stdin: 'ignore'});
    const {pid = 0} = waiting;
    await until(() => isNode(pid) && stateOf(pid) === 'S');
    const {SigCgt} = parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
    t.is(BigInt(`0x${SigCgt}`) & SIGUSR1, 0n);
    const sent = await host.sh(`kill -USR1 ${pid}`, {stage1: 'fly'});
    t.is(sent.exitCode, 0, sent.stderr);
    waiting.kill('SIGTERM');
    t.is((await waiting).stderr, '');
  },
);
