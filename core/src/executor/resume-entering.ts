import {readFileSync} from 'node:fs';
import {hide} from '../linux/credentials.ts';
import {Fd} from '../linux/fd.ts';
import {holdDescriptors} from '../linux/reopen.ts';
import type {ExecutorContext} from './context.ts';
import type {Handover} from './enter-by-child.ts';
import {ENTERING} from './entering.ts';
import {goInside} from './go-inside.ts';

/**
 * Goes on where another rkt stopped, see {@link enterByChild}: in the pod's pid namespace already, while files and /proc are still the host's. To be called
 * before anything else.
 */
export const resumeEntering = (context: Pick<ExecutorContext, 'beforeExec'> = {}): never => {
  hide();
  holdDescriptors();
  const told = new Fd(Number(process.env[ENTERING]));
  const {member, root, cgroups, filter, ...rest} = JSON.parse(readFileSync(told.number, 'utf8')) as Handover;
  // They are meant for whoever becomes the program, and that has another number now.
  if (rest.passSockets) process.env.LISTEN_PID = String(process.pid);
  return goInside(
    {
      ...rest,
      member: new Fd(member),
      root: new Fd(root),
      cgroups: cgroups.map((number) => new Fd(number)),
      filter: filter === '' ? null : Buffer.from(filter, 'base64'),
    },
    context,
  );
};
