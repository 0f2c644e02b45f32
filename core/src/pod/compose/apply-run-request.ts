import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {App, Pod} from '../../contract/pod.ts';
import {isForwarded} from '../../contract/port-sockets.ts';
import {onTerminal, type Terminal} from '../../linux/terminal.ts';
import {inputShared, interactiveSeveral, metadataUnavailable, nameFileIsVolume, networkConflict} from '../errors.ts';
import type {RunRequest} from '../request.ts';
import {type HostNames, hosts, resolvConf} from './dns.ts';
import {innermost} from './nested-mounts.ts';
import {parseNetwork} from './network.ts';
import {openFiles} from './open-files.ts';

interface RunOptions {
  readonly run: RunRequest;
  readonly declaration: Pick<Declaration, 'features'>;
  readonly facts: Pick<HostFacts, 'hardLimits'>;
  readonly debug: boolean;
  readonly host: HostNames;
  /** Of rkt's caller. */
  readonly terminal?: Terminal | undefined;
  readonly imageHasHosts: boolean;
}

const IPC = {auto: 'auto', private: 'private', parent: 'host'} as const;

/** The pod with what `run` and `run-prepared` add to it. */
export const applyRunRequest = (
  pod: Pod,
  {run, declaration, facts, debug, host, imageHasHosts, terminal}: RunOptions,
): Pod => {
  const readers = readersOf(pod, run);
  if (readers.length > 1) throw inputShared(readers);
  if (run.mdsRegister) throw metadataUnavailable();
  const {features} = declaration;
  if (run.interactive && pod.apps.length > 1) checkSeveral(pod, readers, features);
  const network = run.preparedNetwork
    ? {mode: 'prepared' as const, names: [], prepared: run.preparedNetwork}
    : parseNetwork(run.net, features);
  const forwards = pod.apps.some(({ports}) => ports.some(isForwarded));
  // Where the flavor cannot forward at all, negotiation says so better.
  if (forwards && network.mode !== 'named' && features.ports.level !== 'impossible') {
    throw networkConflict('port', network.mode);
  }
  const named = features.hostname.level === 'enforced' || features.hostname.level === 'equivalent';
  const hostname = run.hostname ?? (named ? `rkt-${pod.uuid}` : null);
  // Where the flavor has no name to give, what was asked for is refused, or left out.
  const ownName = (features.hostname.level === 'impossible' ? null : hostname) ?? nameOf(host);
  const ownNames = [run.hostname ?? `rkt-${pod.uuid}`, ...(ownName === undefined ? [] : [ownName])];
  const files = {
    resolvConf: resolvConf(run, host),
    hosts: leavesNames(run, features) ? null : hosts(run, host, imageHasHosts, [...new Set(ownNames)]),
  };
  if (files.resolvConf !== null) refuseVolume(pod, '/etc/resolv.conf', 'dns');
  if (run.hostsEntries.length > 0) refuseVolume(pod, '/etc/hosts', 'hosts-entry');
  // What is to be attached is the caller's: without a terminal its streams are, as ever.
  const interactive = run.interactive && terminal !== undefined;
  return {
    ...pod,
    apps: pod.apps.map((app) => {
      const hasTerminal = interactive && (pod.apps.length === 1 || readers.includes(app.name));
      const env = hasTerminal ? onTerminal(app.process.env, terminal) : app.process.env;
      const stdio = interactive && !hasTerminal ? withoutTerminal(app.stdio) : app.stdio;
      return {...app, stdio, process: {...app.process, env, rlimits: openFiles(app, facts)}};
    }),
    network,
    hostname,
    ...(ownName === undefined ? {} : {ownName}),
    ipc: IPC[run.ipc],
    ...files,
    interactive,
    debug,
  };
};

/** A stage1 made for rkt gives an app an /etc/hosts by itself, where nobody asks for entries. */
const leavesNames = ({hostsEntries}: RunRequest, features: Declaration['features']): boolean =>
  hostsEntries.length === 0 && features['network/named'].level === 'unproved';

/** Apps that are said to read what rkt reads. One at most: of several, each would get some of it. */
const readersOf = ({apps}: Pod, {interactive}: RunRequest): string[] =>
  apps.filter(({stdio: {stdin}}) => stdin === 'stream' || (interactive && stdin === 'tty')).map(({name}) => name);

const checkSeveral = ({apps}: Pod, readers: readonly string[], features: Declaration['features']): void => {
  const names = apps.map(({name}) => name);
  if (features['stdio/terminal'].level === 'unproved') {
    throw interactiveSeveral(
      names,
      'leave --interactive out: a stage1 made for rkt has a terminal for pods of one app',
    );
  }
  if (readers.length === 0) throw interactiveSeveral(names);
};

/** The terminal is hung up for all when the app ends whose it is: what the others write is kept elsewhere, if nobody says where. */
const withoutTerminal = ({stdin, stdout, stderr}: App['stdio']): App['stdio'] => ({
  stdin: stdin === 'inherit' ? 'null' : stdin,
  stdout: stdout === 'inherit' ? 'log' : stdout,
  stderr: stderr === 'inherit' ? 'log' : stderr,
});

/** A name that a hosts file can hold. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const nameOf = (host: HostNames): string | undefined => {
  const name = host.hostname();
  return NAME.test(name) ? name : undefined;
};

/** What is there belongs to the volume: two contents for one file cannot both be meant (appc OS-02). */
const refuseVolume = ({apps}: Pod, file: string, flag: string): void => {
  for (const {name, mounts} of apps) {
    const mount = innermost(mounts, file);
    if (mount !== undefined) throw nameFileIsVolume(flag, file, name, mount);
  }
};
