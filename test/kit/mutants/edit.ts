import type {App, Declaration, Flavor, HostFacts, Launch, Pod, Process, Step, StopStep, Support} from '@rkt/plugin-sdk';

/* Ways to break a flavor in one place. What it hands out is frozen: all of them make something new. */

export type Edit = (flavor: Flavor) => Flavor;

/** Several at once, where one alone would not be a lie. */
export const all =
  (...edits: readonly Edit[]): Edit =>
  (flavor) =>
    edits.reduce((edited, edit) => edit(edited), flavor);

/** The steps of both stages. */
export const steps =
  (edit: (steps: readonly Step[], pod: Pod, host: HostFacts) => Step[]): Edit =>
  (flavor) => ({
    ...flavor,
    filesystem: (pod, host) => edit(flavor.filesystem(pod, host), pod, host),
    environment: (pod, host) => edit(flavor.environment(pod, host), pod, host),
  });

export const drop = (id: RegExp): Edit => steps((made) => made.filter((step) => !id.test(step.id)));

/** Every step of a kind whose id fits. */
export const change = <K extends Step['do']>(
  kind: K,
  edit: (step: Extract<Step, {do: K}>, pod: Pod) => Step,
  id = /^/,
): Edit =>
  steps((made, pod) =>
    made.map((step) => (step.do === kind && id.test(step.id) ? edit(step as Extract<Step, {do: K}>, pod) : step)),
  );

/** Steps at the end of the last stage. */
export const add =
  (more: (app: App, pod: Pod) => Step[]): Edit =>
  (flavor) => ({
    ...flavor,
    environment: (pod, host) => [...flavor.environment(pod, host), ...pod.apps.flatMap((app) => more(app, pod))],
  });

export const inApp = (app: App, path: string) => ({in: 'rootfs', app: app.name, path: path as never}) as const;
export const onHost = (path: string) => ({in: 'host', path: path as never}) as const;

/** A place of the host as one of the app's. */
export const leak = (source: string, target: string, flags: readonly 'ro'[] = []): Edit =>
  add((app) => [
    {
      id: 'leak',
      do: 'bind',
      source: onHost(source),
      target: inApp(app, target),
      recursive: false,
      followSymlinks: false,
      flags: [...flags],
    },
  ]);

export const launched =
  (edit: (launch: Launch, pod: Pod, host: HostFacts) => Launch): Edit =>
  (flavor) => ({...flavor, launch: (pod, host) => edit(flavor.launch(pod, host), pod, host)});

/** What becomes the app. */
export const started = (edit: (process: Process) => Partial<Process>): Edit =>
  launched((launch) => ({...launch, process: {...launch.process, ...edit(launch.process)}}));

type Entering = Extract<Launch, {into: 'member'}>;

export const entering =
  (edit: (launch: Entering) => Entering): Edit =>
  ({enter, ...flavor}) => ({
    ...flavor,
    ...(enter && {enter: (...given) => edit(enter(...given) as Entering)}),
  });

/** What enters. */
export const entered = (edit: (process: Process) => Partial<Process>): Edit =>
  entering((launch) => ({...launch, process: {...launch.process, ...edit(launch.process)}}));

/** The app and what enters it. */
export const both = (edit: (process: Process) => Partial<Process>): Edit => all(started(edit), entered(edit));

/** A shell of the image in front of the program: `"$@"` in the script is that. */
export const through =
  (script: string) =>
  ({argv}: Process): Partial<Process> => ({argv: ['/bin/sh', '-c', script, 'sh', ...argv]});

export const stopping =
  (stop: (force: boolean) => StopStep[]): Edit =>
  (flavor) => ({...flavor, stop: (_pod, force) => stop(force)});

type Kind = 'features' | 'isolators' | 'verbs';

/** Another declaration; hooks stay. */
export const declared =
  (edit: (declaration: Declaration) => Partial<Declaration>): Edit =>
  (flavor) => ({...flavor, declaration: {...flavor.declaration, ...edit(flavor.declaration)}});

export const says = (kind: Kind, name: string, support: Support | ((support: Support) => Support)): Edit =>
  declared((declaration) => {
    const supports = declaration[kind] as Readonly<Record<string, Support>>;
    const before = supports[name];
    if (before === undefined) throw new Error(`there is no ${name}`);
    return {[kind]: {...supports, [name]: typeof support === 'function' ? support(before) : support}};
  });

/** Promises what it has nothing for. */
export const boasts = (kind: Kind, ...names: readonly string[]): Edit =>
  all(...names.map((name) => says(kind, name, {level: 'enforced', mechanism: 'by magic'})));

/** Says nothing about how the kernel shows it. */
export const silent = (kind: Kind, name: string): Edit =>
  says(kind, name, (support) => {
    const {readBack: _, ...rest} = support as Extract<Support, {level: 'enforced'}>;
    return rest;
  });

/** Lines of the files that a flavor writes into the pod, for one that has its apps started by units. */
export const written = (pattern: RegExp, to: string, id = /^etc\./): Edit =>
  change('write', (step) => ({...step, content: step.content.replace(pattern, to)}), id);
