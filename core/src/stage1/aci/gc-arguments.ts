import type {Pod} from '../../contract/pod.ts';
import type {InterfaceVersion} from './entrypoints.ts';
import {LOCAL_CONFIG} from './run-arguments.ts';

/**
 * The arguments of the `gc` entrypoint, as the interface of that version has them.
 * @param run those of `run`, which was told the directory of the configuration
 */
export const gcArguments = (
  {uuid, debug}: Pick<Pod, 'uuid' | 'debug'>,
  version: InterfaceVersion,
  run: readonly string[],
): string[] => {
  const localConfig = run.find((argument) => argument.startsWith(LOCAL_CONFIG))?.slice(LOCAL_CONFIG.length);
  return [
    ...(debug ? ['--debug'] : []),
    ...(version >= 5 && localConfig !== undefined ? ['--local-config', localConfig] : []),
    uuid,
  ];
};
