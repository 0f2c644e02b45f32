/** What begins the names of the annotations by which an image is a stage1 made for rkt. */
export const ENTRYPOINT = 'coreos.com/rkt/stage1/';

/** Versions of rkt's stage1 interface: each has the flags of those before it. */
export const INTERFACE_VERSIONS = [1, 2, 3, 4, 5, 6] as const;
export type InterfaceVersion = (typeof INTERFACE_VERSIONS)[number];

/** What an image says rkt is to call it by: paths below its root directory, without a slash at the beginning. */
export interface Entrypoints {
  readonly version: InterfaceVersion;
  readonly run: string;
  readonly enter?: string;
  readonly gc?: string;
  readonly stop?: string;
}

/**
 * The entrypoints of a stage1 that was made for rkt, by the annotations of its manifest; `undefined` of any other image. A missing version is 1.
 * @param refuse throws what is wrong with one
 */
export const entrypointsOf = (
  annotations: readonly {readonly name: string; readonly value: string}[] | null | undefined,
  refuse: (problem: string) => never,
): Entrypoints | undefined => {
  const find = (name: string) => annotations?.find((entry) => entry.name === `${ENTRYPOINT}${name}`)?.value;
  const below = (name: string): string | undefined => {
    const value = find(name);
    if (value === undefined) return undefined;
    const path = value.split('/').filter((part) => part !== '' && part !== '.');
    if (path.length === 0 || path.includes('..') || value.includes('\0'))
      refuse(`its entrypoint ${ENTRYPOINT}${name} is ${JSON.stringify(value)}, which is no path of a program in it`);
    return path.join('/');
  };
  const run = below('run');
  if (run === undefined) return undefined;
  const [enter, gc, stop] = [below('enter'), below('gc'), below('stop')];
  return {
    version: versionOf(find('interface-version'), refuse),
    run,
    ...(enter === undefined ? {} : {enter}),
    ...(gc === undefined ? {} : {gc}),
    ...(stop === undefined ? {} : {stop}),
  };
};

const versionOf = (text: string | undefined, refuse: (problem: string) => never): InterfaceVersion => {
  if (text === undefined) return 1;
  const version = INTERFACE_VERSIONS.find((each) => String(each) === text);
  return (
    version ??
    refuse(`${ENTRYPOINT}interface-version is ${JSON.stringify(text)}, and there are ${INTERFACE_VERSIONS.join(', ')}`)
  );
};
