import type {Host} from './host.ts';
import type {Test} from './skip.ts';
import {until} from './until.ts';

/** Has gc remove a pod. While the kernel still ends a process of it, gc leaves it to the next time. */
export const untilCollected = async (t: Test, host: Host, uuid: string): Promise<void> => {
  await until(async () => {
    const {exitCode, stderr} = await host.rkt(['gc', '--grace-period=0s']);
    t.is(exitCode, 0, stderr);
    return !Object.values(host.podDirectories()).flat().includes(uuid);
  });
};
