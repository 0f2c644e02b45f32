import type {Pod, Step} from '@rkt/plugin-sdk';

const valuesOf = (pod: Pod): [key: string, value: string][] =>
  Object.entries(pod.isolators['os/unix/sysctl']?.values ?? {});

const isOfNetwork = (key: string): boolean => /^net[./]/.test(key);

/**
 * Namespaces that rkt makes itself instead of systemd-nspawn, because the pod has kernel parameters: /proc/sys can only be written to from within them, and in
 * the pod it is read-only before anything of the pod runs. What the kernel refuses is so an error before anything has started.
 */
export const ownNamespaces = (pod: Pod): ('ipc' | 'net')[] => [
  ...(valuesOf(pod).some(([key]) => !isOfNetwork(key)) ? (['ipc'] as const) : []),
  ...(valuesOf(pod).some(([key]) => isOfNetwork(key)) ? (['net'] as const) : []),
];

/** The kernel parameters of the pod, in a stable order. */
export const sysctls = (pod: Pod): Step[] =>
  valuesOf(pod)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({id: `sysctl.${key}`, do: 'sysctl', key, value}));
