import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {podArguments, startArguments, word} from './arguments.ts';
import {callEnded} from './errors.ts';
import type {CallOptions, PodOptions, StartOptions, StreamOptions} from './requests.ts';
import {type Started, start} from './start.ts';

/** A pod that has been started. Its process is the app, or the supervisor of its apps. */
export interface StartedPod extends Started {
  readonly uuid: string;
}

/**
 * Runs a pod, as `rkt run` does in a service: a child process is started, which becomes the pod, and which is returned when it has. Its standard streams,
 * process number and exit status are those of the pod. Apps run when {@link status} with `waitReady` says so.
 * @throws RKT_CALL_ENDED, RKT_REQUEST_INVALID, and every error of `rkt run`; nothing is left of the pod then
 */
export const run = (pod: PodOptions, how: StartOptions & StreamOptions = {}, options: CallOptions = {}) =>
  become((flags) => ['run', ...flags, ...podArguments(pod)], how, options);

/**
 * Runs a pod that {@link prepare} has made, as {@link run} does.
 * @param pod its UUID, the beginning of one, or its name
 * @throws as {@link run}; what is wrong with the options or the host leaves the pod prepared
 */
export const runPrepared = (pod: string, how: StartOptions & StreamOptions = {}, options: CallOptions = {}) =>
  become((flags) => ['run-prepared', ...flags, ...word('pod', pod)], how, options);

const become = async (
  argumentsWith: (flags: readonly string[]) => [string, ...string[]],
  {stdio, detached, ...how}: StartOptions & StreamOptions,
  options: CallOptions,
): Promise<StartedPod> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'rkt-run-'));
  try {
    const file = path.join(directory, 'uuid');
    const args = argumentsWith([...startArguments(how), `--uuid-file-save=${file}`]);
    const started = await start(args, options, {
      ...(stdio === undefined ? {} : {stdio}),
      ...(detached === undefined ? {} : {detached}),
    });
    const uuid = await readFile(file, 'utf8').catch(() => undefined);
    if (uuid !== undefined) return {uuid: uuid.trim(), ...started};
    const {exitCode, signal} = await started.wait();
    throw callEnded(args[0], exitCode, signal, 'it has not become a pod');
  } finally {
    await rm(directory, {recursive: true});
  }
};
