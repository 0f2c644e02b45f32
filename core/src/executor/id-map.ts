import type {Fd} from '../linux/fd.ts';
import {FileIdentity} from '../linux/file-identity.ts';
import type {IdMap} from '../linux/user-namespace.ts';
import type {StepContext} from './context.ts';

/** A map of ids, and the user namespace that mounts take it from. */
export interface Mapping extends IdMap {
  readonly namespace: Fd;
}

const mappings = new WeakMap<StepContext, Mapping>();

/** From here on the pod has ids of its own. */
export const rememberMapping = (mapping: Mapping, context: StepContext): void => {
  mappings.set(context, mapping);
};

/** `undefined`: the pod's ids are those of the host. */
export const mappingOf = (context: StepContext): Mapping | undefined => mappings.get(context);

/** For its scope, files are made as the root user of the pod; as this process, if that is the host's. */
export const asRootOfPod = (context: StepContext): Disposable => {
  const mapping = mappingOf(context);
  return mapping === undefined ? NOBODY_ELSE : new FileIdentity(mapping.base, mapping.base);
};

const NOBODY_ELSE: Disposable = {[Symbol.dispose]: () => {}};
