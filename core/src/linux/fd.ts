import {closeSync} from 'node:fs';

/** An open file descriptor that closes itself at the end of its scope: `using directory = openHost('/etc', O_PATH)`. */
export class Fd implements Disposable {
  #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  /** @throws when it has been closed or released, because the number may mean another file by then. */
  get number(): number {
    if (this.#number < 0) throw new Error('the file descriptor has been closed');
    return this.#number;
  }

  /** A path that means the very file, for calls that take no descriptor. Names no file of the rootfs it may come from. */
  get path(): string {
    return `/proc/self/fd/${this.number}`;
  }

  /** Does nothing the second time. */
  close(): void {
    if (this.#number < 0) return;
    const number = this.#number;
    this.#number = -1;
    closeSync(number);
  }

  /** Gives the number away: whoever takes it closes it. */
  release(): number {
    const {number} = this;
    this.#number = -1;
    return number;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
