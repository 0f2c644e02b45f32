import {log} from '../debug.ts';
import {faultInjected} from './errors.ts';

const debug = log('fault');

/** What `RKT_FAULT=<id>:<kill|error|stop>` asks for; ids may contain colons. */
export const parseFault = (text: string | undefined): {id: string; how: How} | undefined => {
  const [, id, how] = /^(.+):(kill|error|stop)$/s.exec(text ?? '') ?? [];
  return id === undefined ? undefined : {id, how: how as How};
};

type How = 'kill' | 'error' | 'stop';

/**
 * A place where tests can stop a run: by SIGKILL, with RKT_FAULT_INJECTED, or by SIGSTOP until somebody continues it. Does nothing unless `RKT_FAULT` names it. With `--debug`
 * each says that it was passed, which is how the tests find them all.
 */
export const faultPoint = (id: string): void => {
  debug('%s', id);
  const wanted = process.env.RKT_FAULT;
  if (wanted === undefined || wanted === '') return;
  const fault = parseFault(wanted);
  if (fault?.id !== id) return;
  if (fault.how === 'stop') {
    process.kill(process.pid, 'SIGSTOP');
    return;
  }
  if (fault.how === 'kill') process.kill(process.pid, 'SIGKILL');
  throw faultInjected(id);
};
