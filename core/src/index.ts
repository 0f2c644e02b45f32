/**
 * What programs may use of rkt: its verbs, and the stage contract. The command itself is in `cli/`.
 *
 * Each verb is one call of the `rkt` command of this package, in a process of its own: it runs on the Node.js that rkt is pinned to whatever this one is, it may
 * enter namespaces and wait in the kernel as it needs to, and what it does to hostile images happens in no process of the caller's. Nothing prints or
 * ends this process. Errors are an {@link RktError} with the `code`, `fields` and `hint` of the command's. As with the command, most verbs need root.
 * @module
 */
export {type FetchOptions, fetch} from './api/fetch.ts';
export {type Collected, type GcOptions, gc} from './api/gc.ts';
export {list} from './api/list.ts';
export type {AppView, PodStatus, PodView} from './api/pod.ts';
export {prepare} from './api/prepare.ts';
export {remove} from './api/remove.ts';
export type {
  AppOptions,
  CallOptions,
  MountOptions,
  PodOptions,
  StartOptions,
  Stream,
  StreamOptions,
  VolumeOptions,
} from './api/requests.ts';
export {run, runPrepared, type StartedPod} from './api/run.ts';
export type {Exit, Started} from './api/start.ts';
export {type StatusOptions, status} from './api/status.ts';
export {stop} from './api/stop.ts';
export * from './contract/index.ts';
export type {PodState} from './pod/state/states.ts';
export {RktError} from './rkt-error.ts';
