import {type CapabilitySets, ownCapabilities, setCapabilities} from './capabilities.ts';
import {syscall} from './libc.ts';

let own: CapabilitySets | undefined;

/**
 * For its scope, this thread makes and opens files as another user and group, with every capability that it has: in a mount with mapped ids, an
 * id that the map does not have can make nothing (EOVERFLOW).
 */
export class FileIdentity implements Disposable {
  readonly #uid: number;
  readonly #gid: number;

  constructor(uid: number, gid: number) {
    own ??= ownCapabilities();
    this.#gid = syscall('setfsgid', [gid]);
    this.#uid = syscall('setfsuid', [uid]);
    // Becoming another user than root has taken those that are about files.
    setCapabilities({...own, effective: own.permitted});
  }

  [Symbol.dispose](): void {
    syscall('setfsuid', [this.#uid]);
    syscall('setfsgid', [this.#gid]);
    if (own !== undefined) setCapabilities(own);
  }
}
