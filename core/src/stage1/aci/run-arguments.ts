import {CAPABILITIES} from '../../contract/kernel-names.ts';
import type {HostPath} from '../../contract/names.ts';
import type {App, Pod} from '../../contract/pod.ts';
import type {InterfaceVersion} from './entrypoints.ts';

export const LOCAL_CONFIG = '--local-config=';

/**
 * The arguments of the `run` entrypoint, as the interface of that version has them: a stage1 may end at a flag that it does not know. What it has no flag for the negotiation has refused.
 */
export const runArguments = (
  pod: Pod,
  {version, localConfig}: {readonly version: InterfaceVersion; readonly localConfig: HostPath},
): string[] => {
  const since = (first: InterfaceVersion, ...given: readonly string[]) => (version >= first ? given : []);
  return [
    ...(pod.debug ? ['--debug'] : []),
    `--net=${networkOf(pod)}`,
    ...(pod.interactive ? ['--interactive'] : []),
    `${LOCAL_CONFIG}${localConfig}`,
    ...(pod.hostname === null ? [] : since(2, `--hostname=${pod.hostname}`)),
    ...since(3, ...switchedOff(pod)),
    ...(pod.resolvConf === null && pod.hosts === null ? [] : since(4, `--dns-conf-mode=${dnsModes(pod)}`)),
    ...(pod.ipc === 'auto' ? [] : since(6, `--ipc=${pod.ipc === 'host' ? 'parent' : 'private'}`)),
    pod.uuid,
  ];
};

const networkOf = ({network: {mode, names}}: Pod): string =>
  mode === 'named' ? names.map(({name, args}) => [name, ...argumentsOf(args)].join(':')).join(',') : mode;

const argumentsOf = (args: Readonly<Record<string, string>>): string[] => {
  const pairs = Object.entries(args).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? [] : [pairs.join(';')];
};

/** What `--insecure-options` has taken from every app. What isolators have made of one is in the pod manifest. */
const switchedOff = ({apps, maskedPaths, readOnlyPaths}: Pod): string[] => {
  const all = (isOff: (app: App) => boolean) => apps.every(isOff);
  return [
    ...(all(hasEverything) ? ['--disable-capabilities-restriction'] : []),
    ...(maskedPaths.length === 0 && readOnlyPaths.length === 0 ? ['--disable-paths'] : []),
    ...(all(({process, isolators}) => process.seccomp === null && !asks(isolators, 'os/linux/seccomp-'))
      ? ['--disable-seccomp']
      : []),
  ];
};

const hasEverything = ({process, isolators}: App): boolean =>
  process.capabilities.bounding.length === CAPABILITIES.length && !asks(isolators, 'os/linux/capabilities-');

const asks = (isolators: object, prefix: string): boolean =>
  Object.keys(isolators).some((name) => name.startsWith(prefix));

const dnsModes = ({resolvConf, hosts}: Pod): string =>
  `resolv=${resolvConf === null ? 'default' : 'stage0'},hosts=${hosts === null ? 'default' : 'stage0'}`;
