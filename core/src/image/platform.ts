import type {ImageManifest} from '../appc/image-manifest.ts';
import {findLabel} from '../appc/labels.ts';
import {imageForeign} from './errors.ts';

const OS = 'linux';

/** How appc names what the processors run for which there is a Node: themselves, then their older kin. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', 'i386'],
  arm64: ['aarch64', 'armv7l', 'armv6l'],
};

/** The values of the labels `os` and `arch` of images that this host runs. */
export const HOST: Readonly<Record<'os' | 'arch', readonly string[]>> = {
  os: [OS],
  arch: RUNS[process.arch] ?? [process.arch],
};

/** The value of `arch` of images that are made for this host. */
export const HOST_ARCH = HOST.arch[0] ?? process.arch;

/**
 * Refuses an image that says it is for another system or processor, and one with an app that says nothing: it needs both labels to be run, as in rkt. One
 * without is independent of both, as what images share may be (appc IM-13).
 * @param hasToRun an image without an app, too: somebody gives it a program
 * @throws RKT_IMAGE_FOREIGN
 */
export const checkPlatform = (
  {name, labels, app}: Pick<ImageManifest, 'name' | 'labels' | 'app'>,
  {hasToRun = false}: {readonly hasToRun?: boolean} = {},
): void => {
  for (const label of ['os', 'arch'] as const) {
    const value = findLabel(labels, label);
    const fits = value === undefined ? !hasToRun && app == null : HOST[label].includes(value);
    if (!fits) throw imageForeign(name, label, value, HOST[label]);
  }
};
