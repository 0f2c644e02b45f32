import {
  type App,
  commandOrShell,
  defineFlavor,
  dev,
  launcherProcess,
  mapIds,
  mountDevices,
  mountRootfs,
  mountVolumes,
  nameResolution,
  podCgroup,
  privateMounts,
  processOf,
  readOnlyRootfs,
  type Step,
  serviceName,
} from '@rkt/plugin-sdk';
import {asStarted} from './as-started.ts';
import {withCapabilities} from './capabilities.ts';
import {cgroupOwner, diskNodes, podControllers, podLimits} from './cgroups.ts';
import {ETC, nspawnArguments, nspawnEnvironment, nspawnProgram} from './command.ts';
import {configuration} from './configuration.ts';
import {declaration} from './declaration.ts';
import {openLogs} from './logs.ts';
import {neededMounts} from './needed-mounts.ts';
import {supervisorScore} from './oom-score.ts';
import {probe} from './probe.ts';
import {ownRun} from './service-manager.ts';
import {hasTerminal} from './stdio.ts';
import {sysVolumes} from './sys-volumes.ts';
import {ownNamespaces, sysctls} from './sysctl.ts';
import {appDirectories, sharedDirectories, sharedTree} from './tree.ts';

/** More than the ten seconds after which systemd kills: it has to record that. */
const GRACE_MILLISECONDS = 12_000;

/** Pods of several apps, each a service of a small systemd that is PID 1 of the pod, in systemd-nspawn. */
export default defineFlavor({
  ...declaration,
  probe,

  filesystem: (pod, host) => [
    privateMounts(...ownNamespaces(pod)),
    ...mapIds(pod),
    sharedTree(pod, host),
    ...pod.apps.flatMap((app) => [mountRootfs(app), ...mountVolumes(pod, app), ...sysVolumes(pod, app)]),
  ],

  environment: (pod, host) => [
    // In the cgroup rkt itself may not make them any more.
    ...diskNodes(pod, host, ETC),
    {...podCgroup(pod, podLimits(pod, host), podControllers(pod, host)), ...cgroupOwner(pod, host)} satisfies Step,
    ...sysctls(pod),
    ...sharedDirectories(pod),
    ...openLogs(pod),
    ...configuration(pod, host),
    ...pod.apps.flatMap((app) => [
      ...appDirectories(app),
      // nspawn's has the host's tunnel device, and no console without a terminal.
      ...dev(app, {shared: true, terminal: hasTerminal(pod, app, host)}),
      ...mountDevices(pod, app),
      ...nameResolution(pod, app),
      {id: `program.${app.name}`, do: 'check-program', app: app.name} satisfies Step,
      ...readOnlyRootfs(app),
    ]),
    // After all that is bound from elsewhere on the host, and before what is mounted in /run is out of reach.
    neededMounts(host),
    ...ownRun(pod, host),
  ],

  launch: (pod, host) => ({
    into: 'host',
    program: nspawnProgram(host),
    process: {
      ...launcherProcess(host, nspawnArguments(pod, host), nspawnEnvironment(pod, host)),
      oomScoreAdj: supervisorScore(pod, host),
    },
    passSockets: true,
    keepLock: true,
    signalsTo: pod.apps.map(appCgroup),
    // In an interactive pod systemd-nspawn alone opens them.
    reopensStdio: pod.interactive || {...(pod.idMap && {owner: pod.idMap.base})},
  }),

  appCgroup: (_pod, app) => appCgroup(app),

  enter: (pod, app, command) => ({
    into: 'member',
    member: processOf(pod, app),
    namespaces: ['mount', 'uts', 'ipc', 'net', 'cgroup', 'pid', ...(pod.userNamespace ? (['user'] as const) : [])],
    process: {...asStarted(withCapabilities(pod, app).process), argv: commandOrShell(command)},
    passSockets: false,
    // systemd has made a program of each of its settings, and one for each ABI.
    filtersOfMember: true,
  }),

  stop: (_pod, force) =>
    force
      ? [{do: 'kill'}]
      : [
          {do: 'signal', to: 'supervisor', signal: 'SIGTERM'},
          {do: 'await-exit', milliseconds: GRACE_MILLISECONDS},
          {do: 'kill'},
        ],
});

const appCgroup = (app: App): string => `payload/system.slice/${serviceName(app)}`;
