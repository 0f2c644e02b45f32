import {log} from '../debug.ts';
import {faultInjected} from './errors.ts';

const debug = log('fault');

/** What `RKT_FAULT=<id>:<kill|error>` asks for; ids may contain colons. */
export const parseFault = (text: string | undefined): {id: string; how: 'kill' | 'error'} | undefined => {
  const [, id, how] = /^(.+):(kill|error)$/s.exec(text ?? '') ?? [];
  return id === undefined ? undefined : {id, how: how as 'kill' | 'error'};
};

/**
 * A place where tests can stop a run: by SIGKILL, or with RKT_FAULT_INJECTED. Does nothing unless `RKT_FAULT` names it. With `--debug`
 * each says that it was passed, which is how the tests find them all.
 */
export const faultPoint = (id: string): void => {
  debug('%s', id);
  const wanted = process.env.RKT_FAULT;
  if (wanted === undefined || wanted === '') return;
  const fault = parseFault(wanted);
  if (fault?.id !== id) return;
  if (fault.how === 'kill') process.kill(process.pid, 'SIGKILL');
  throw faultInjected(id);
};
