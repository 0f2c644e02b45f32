import {constants, mkdirSync, renameSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {openToGroup} from '../../image/make-below.ts';
import type {Fd} from '../../linux/fd.ts';
import {lockFd} from '../../linux/lock.ts';
import {openHost} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {deletePod} from './delete.ts';
import {podFault} from './fault-points.ts';
import {makePodsDirectories, podDirectory} from './layout.ts';
import type {Instruction, Script} from './life-cycle.ts';
import {hasProcesses} from './liveness.ts';
import {POD_DIRECTORIES, type PodDestination, type PodDirectory} from './states.ts';
import {readSupervisor} from './supervisor.ts';

/** A pod on the disk, its directory open or not. Closing it ends its lock. */
export class Place implements Disposable {
  readonly dataDir: HostPath;
  readonly uuid: Uuid;
  /** Where the pod was when it was last seen. */
  directory: PodDirectory;
  #opened: Fd | undefined;

  constructor(dataDir: HostPath, uuid: Uuid, directory: PodDirectory = POD_DIRECTORIES[0]) {
    this.dataDir = dataDir;
    this.uuid = uuid;
    this.directory = directory;
  }

  get path(): HostPath {
    return podDirectory(this.dataDir, this.directory, this.uuid);
  }

  /** The open directory, which carries the lock. */
  get lock(): Fd {
    if (this.#opened === undefined) throw new Error(`pod ${this.uuid} is not open`);
    return this.#opened;
  }

  /** Performs a script of the life cycle on the disk. */
  perform<Outcome>(script: Script<Outcome>): Outcome {
    let step = script.next(true);
    while (!step.done) step = script.next(this.#answer(step.value));
    return step.value;
  }

  #answer(instruction: Instruction): boolean {
    switch (instruction.do) {
      case 'create':
        return this.#create();
      case 'open':
        return this.#open(instruction.in);
      case 'lock':
        return lockFd(this.lock, instruction.kind, {wait: instruction.wait});
      case 'alive':
        return hasProcesses(readSupervisor(this.path));
      case 'rename':
        return this.#rename(instruction.from, instruction.to);
      case 'delete':
        return deletePod(this.dataDir, instruction.from, this.uuid);
    }
  }

  #create(): boolean {
    const path = podDirectory(this.dataDir, 'embryo', this.uuid);
    try {
      mkdirSync(path, 0o700);
    } catch (error) {
      if (isErrno(error, 'EEXIST')) return false;
      if (!isErrno(error, 'ENOENT')) throw error;
      makePodsDirectories(this.dataDir);
      mkdirSync(path, 0o700);
    }
    podFault('pod.embryo');
    try {
      // No more: its lock is that of the pod, for which others wait.
      openToGroup(this.dataDir, path, 'pass');
    } catch (error) {
      // gc takes embryos that nobody has locked.
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
    return true;
  }

  #open(directory: PodDirectory): boolean {
    this.close();
    try {
      const path = podDirectory(this.dataDir, directory, this.uuid);
      this.#opened = openHost(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      this.directory = directory;
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }

  #rename(from: PodDirectory, to: PodDestination): boolean {
    podFault(`pod.${to}.before`);
    try {
      renameSync(podDirectory(this.dataDir, from, this.uuid), podDirectory(this.dataDir, to, this.uuid));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
    this.directory = to;
    podFault(`pod.${to}`);
    return true;
  }

  close(): void {
    this.#opened?.close();
    this.#opened = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
