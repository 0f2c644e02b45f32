import type {Command} from './command.ts';

/** How `rkt help` groups the commands, in this order. */
export const GROUPS = {
  pod: 'Pods',
  image: 'Images',
  flavor: 'Flavors',
  other: 'Other',
} as const;

export interface Entry {
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  readonly hidden?: boolean;
  readonly load: () => Promise<{command: Command}>;
}

/** Every command by name. Summaries stand here so that `rkt help` loads none of them; a test compares the two. */
export const commands: Readonly<Record<string, Entry>> = {
  'cat-manifest': {
    group: 'pod',
    summary: 'Print the manifest of a pod',
    load: () => import('./commands/cat-manifest.ts'),
  },
  enter: {
    group: 'pod',
    summary: 'Run another program in a running pod',
    load: () => import('./commands/enter.ts'),
  },
  explain: {
    group: 'pod',
    summary: 'Tell which flavor would run a pod, and why',
    load: () => import('./commands/explain.ts'),
  },
  export: {
    group: 'pod',
    summary: 'Make an image of the files of an exited app',
    load: () => import('./commands/export.ts'),
  },
  gc: {
    group: 'pod',
    summary: 'Remove what pods have left behind',
    load: () => import('./commands/gc.ts'),
  },
  list: {
    group: 'pod',
    summary: 'List the pods',
    load: () => import('./commands/list.ts'),
  },
  logs: {
    group: 'pod',
    summary: 'Print what the apps of a pod have written',
    load: () => import('./commands/logs.ts'),
  },
  plan: {
    group: 'pod',
    summary: 'Show what run would do',
    load: () => import('./commands/plan.ts'),
  },
  prepare: {
    group: 'pod',
    summary: 'Prepare a pod to be run later, and print its UUID',
    load: () => import('./commands/prepare.ts'),
  },
  rm: {
    group: 'pod',
    summary: 'Remove pods that do not run',
    load: () => import('./commands/rm.ts'),
  },
  run: {
    group: 'pod',
    summary: 'Run a pod of one or more images',
    load: () => import('./commands/run.ts'),
  },
  'run-prepared': {
    group: 'pod',
    summary: 'Run a pod that has been prepared',
    load: () => import('./commands/run-prepared.ts'),
  },
  status: {
    group: 'pod',
    summary: 'Show the state of a pod and what is enforced',
    load: () => import('./commands/status.ts'),
  },
  stop: {
    group: 'pod',
    summary: 'Stop pods',
    load: () => import('./commands/stop.ts'),
  },
  fetch: {
    group: 'image',
    summary: 'Take images into the store',
    load: () => import('./commands/fetch.ts'),
  },
  'image build': {
    group: 'image',
    summary: 'Build an image from a directory or from programs of this host',
    load: () => import('./commands/image-build.ts'),
  },
  'image cat-manifest': {
    group: 'image',
    summary: 'Print the manifest of an image',
    load: () => import('./commands/image-cat-manifest.ts'),
  },
  'image export': {
    group: 'image',
    summary: 'Write an image of the store to a file',
    load: () => import('./commands/image-export.ts'),
  },
  'image extract': {
    group: 'image',
    summary: 'Copy an image into a directory',
    load: () => import('./commands/image-extract.ts'),
  },
  'image fetch': {
    group: 'image',
    summary: 'Take images into the store',
    hidden: true,
    load: () => import('./commands/image-fetch.ts'),
  },
  'image gc': {
    group: 'image',
    summary: 'Remove images that nobody uses',
    load: () => import('./commands/image-gc.ts'),
  },
  'image list': {
    group: 'image',
    summary: 'List the images of the store',
    load: () => import('./commands/image-list.ts'),
  },
  'image render': {
    group: 'image',
    summary: 'Copy an image with its dependencies into a directory',
    load: () => import('./commands/image-render.ts'),
  },
  'image rm': {
    group: 'image',
    summary: 'Remove images from the store',
    load: () => import('./commands/image-rm.ts'),
  },
  'image verify': {
    group: 'image',
    summary: 'Check that images are still what was fetched, and repair what can be repaired',
    load: () => import('./commands/image-verify.ts'),
  },
  'flavor build': {
    group: 'flavor',
    summary: 'Build a stage1 image: the programs of this host that a flavor runs pods with',
    load: () => import('./commands/flavor-build.ts'),
  },
  'flavor compare': {
    group: 'flavor',
    summary: 'Compare what two flavors give on this host',
    load: () => import('./commands/flavor-compare.ts'),
  },
  'flavor doctor': {
    group: 'flavor',
    summary: 'Tell what this host lacks for a flavor, and how to fix it',
    load: () => import('./commands/flavor-doctor.ts'),
  },
  doctor: {
    group: 'flavor',
    summary: 'Tell what this host lacks for a flavor, and how to fix it',
    hidden: true,
    load: () => import('./commands/doctor.ts'),
  },
  'flavor list': {
    group: 'flavor',
    summary: 'List the installed flavors',
    load: () => import('./commands/flavor-list.ts'),
  },
  'flavor new': {
    group: 'flavor',
    summary: 'Make the package of a new flavor',
    load: () => import('./commands/flavor-new.ts'),
  },
  'flavor show': {
    group: 'flavor',
    summary: 'Show what a flavor enforces, and how',
    load: () => import('./commands/flavor-show.ts'),
  },
  'flavor test': {
    group: 'flavor',
    summary: 'Try on this host whether a flavor keeps its promises',
    load: () => import('./commands/flavor-test.ts'),
  },
  'flavor use': {
    group: 'flavor',
    summary: 'Choose the default flavor of this host',
    load: () => import('./commands/flavor-use.ts'),
  },
  completion: {
    group: 'other',
    summary: 'Print a completion script for a shell',
    load: () => import('./commands/completion.ts'),
  },
  config: {
    group: 'other',
    summary: 'Print the merged configuration',
    load: () => import('./commands/config.ts'),
  },
  help: {
    group: 'other',
    summary: 'Show help for rkt, for one command or for the code of an error',
    load: () => import('./commands/help.ts'),
  },
  version: {
    group: 'other',
    summary: 'Print the version and exit',
    load: () => import('./commands/version.ts'),
  },
  __complete: {
    group: 'other',
    summary: 'Print what may stand in a place, for completion scripts',
    hidden: true,
    load: () => import('./commands/complete.ts'),
  },
};
