import {word} from './arguments.ts';
import {call} from './call.ts';
import type {PodStatus} from './pod.ts';
import type {CallOptions} from './requests.ts';

export interface StatusOptions {
  /** Wait until it has exited: milliseconds at most, `Infinity` for ever. Default: do not wait. */
  readonly wait?: number;
  /** Wait until its apps run, likewise. */
  readonly waitReady?: number;
  /** Compare what was promised with the running kernel: a difference is RKT_VERIFY_FAILED. Default: false. */
  readonly verify?: boolean;
  /** Write what was declared and what the kernel says into this file, signed if the host has a key; implies `verify`. */
  readonly receipt?: string;
}

/**
 * The state of a pod, and what is enforced.
 * @param pod its UUID, the beginning of one, or its name
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, RKT_POD_UNKNOWN, RKT_WAIT_EXPIRED, and every other error of `rkt status`
 */
export const status = async (pod: string, asked: StatusOptions = {}, options: CallOptions = {}): Promise<PodStatus> => {
  const args = [
    ...waiting('wait', asked.wait),
    ...waiting('wait-ready', asked.waitReady),
    ...(asked.verify ? ['--verify'] : []),
    ...(asked.receipt === undefined ? [] : [`--receipt=${asked.receipt}`]),
    ...word('pod', pod),
  ];
  // As the command prints it.
  return (await call(['status', ...args], options)) as PodStatus;
};

const waiting = (flag: string, milliseconds: number | undefined): string[] => {
  if (milliseconds === undefined) return [];
  return [milliseconds === Number.POSITIVE_INFINITY ? `--${flag}` : `--${flag}=${milliseconds}ms`];
};
