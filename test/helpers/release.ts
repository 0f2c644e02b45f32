import type {Host} from './host.ts';
import type {Test} from './skip.ts';

/**
 * Makes a file that an app waits for. An app that ends then may take along who made it, who is in its cgroup: what counts is what the app does.
 * @param flags of `rkt enter`
 */
export const release = async (
  t: Test,
  host: Host,
  uuid: string,
  file: string,
  flags: readonly string[] = [],
): Promise<void> => {
  const {exitCode, stderr} = await host.rkt(['enter', ...flags, uuid, '/bin/sh', '-c', `: >${file}`]);
  t.true([0, 137, 143].includes(exitCode), `${exitCode}: ${stderr}`);
};
