/**
 * Everything that an author of a stage1 flavor imports: the contract, {@link defineFlavor}, words for the declaration, and builders for the steps
 * that most flavors share. The built-in flavors use this and nothing else.
 * @module
 */
export type * from '@rkt/core/contract';
export {
  CAPABILITIES,
  CONTRACT_VERSION,
  DEFAULT_LOG_SIZE,
  FEATURES,
  isolatorNames,
  PROPERTIES,
  RLIMITS,
  sysctlPath,
  VERBS,
} from '@rkt/core/contract';
export * from './changes.ts';
export * from './define-flavor.ts';
export * from './entering.ts';
export * from './kernel-files.ts';
export * from './launcher.ts';
export * from './logs.ts';
// By name: the contract has schemas of these names.
export {hostPath, podPath, rootfsPath} from './paths.ts';
export * from './read-back.ts';
export * from './rootfs.ts';
export * from './streams.ts';
export * from './support.ts';
export * from './systemd/index.ts';
export * from './unsupported.ts';
