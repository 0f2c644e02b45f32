import {guestKernelFailed} from '../errors.ts';
import {runTool} from './run-tool.ts';

/** A package as the distribution's signed lists have it. */
export interface ListedPackage {
  /** `linux-source-6.1` */
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * The package that another one needs, which is always the newest of its kind.
 * @param needs its name, in the list of what is needed
 * @param what for the error
 * @throws RKT_GUEST_KERNEL_FAILED
 */
export const newestListed = async (by: string, needs: RegExp, what: string): Promise<ListedPackage> => {
  const show = async (name: string): Promise<string> =>
    (await runTool('apt-cache', ['--no-all-versions', 'show', name], {what})).toString('utf8');
  const newest = await show(by).catch(async () => {
    // This host may never have asked what there is.
    await runTool('apt-get', ['-q', 'update'], {what});
    return await show(by);
  });
  const dependencies = /^Depends:.*$/m.exec(newest)?.[0] ?? '';
  const name = needs.exec(dependencies)?.[0];
  if (name === undefined) throw guestKernelFailed(what, `${by} needs none`);
  return parseListed(name, await show(name), what);
};

/** Reads what `apt-cache show` tells. @throws RKT_GUEST_KERNEL_FAILED */
export const parseListed = (name: string, text: string, what: string): ListedPackage => {
  const field = (key: string) => new RegExp(`^${key}: (\\S+)$`, 'm').exec(text)?.[1];
  const [version, sha256, bytes] = [field('Version'), field('SHA256'), Number(field('Size'))];
  if (version === undefined || sha256 === undefined || !Number.isSafeInteger(bytes))
    throw guestKernelFailed(what, `the list of packages has no version, digest and size of ${name}`);
  return {name, version, sha256, bytes};
};
